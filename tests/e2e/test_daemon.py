# SPDX-License-Identifier: ISC
"""The life of posternd: config, start, reload, stop, dying workers, service manager, secrets, a full disk."""

import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest
from postern import POSTERND, Notify, Postern, free_port, submit, wait_until
from provider import Provider
from talk import TRANSACTION, Talk

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def idle():
    """A posternd that was not started: to try configs and failing starts."""
    return Postern()


def add(postern, text):
    """Append to the config; returns the number of the first new line."""
    old = postern.config_file.read_text()
    postern.config_file.write_text(old + text)
    return old.count("\n") + 1


# Options and config


def test_version_and_usage():
    usage = subprocess.run([POSTERND, "--help"], capture_output=True, text=True, timeout=30)
    assert usage.returncode == 0 and usage.stdout.startswith("usage: posternd") and "postern.conf" in usage.stdout
    version = subprocess.run([POSTERND, "-V"], capture_output=True, text=True, timeout=30)
    assert version.returncode == 0 and version.stdout.startswith("postern 0")
    for arguments in (["-x"], ["stray"], ["-c"]):
        wrong = subprocess.run([POSTERND, *arguments], capture_output=True, text=True, timeout=30)
        assert wrong.returncode == 64 and "usage" in wrong.stderr


def test_a_good_config_passes(idle):
    done = idle.run("-t")
    assert (done.returncode, done.stderr) == (0, "") and "OK" in done.stdout
    assert not idle.spool.exists(), "a check changes nothing"


@pytest.mark.parametrize("text, words", [
    ("fly = 1\n", ["fly", ":{line}:"]),
    ("queue {\n}\nqueue { }\n", ["queue"]),
    ('upstream "provider" { host = "h.example" }\n', ['"provider"', "name is taken", ":{line}:"]),
    ('upstream "u" {\n  host = "h.example"\n  prt = 25\n}\n', ["prt", "port", ":{line+2}:"]),
    ('upstream "u" {\n  host = "h.example"\n  port = 99999\n}\n', ["99999", "65535", ":{line+2}:"]),
    ('upstream "u" {\n  host = "h.example"\n  tls = "maybe"\n}\n', ["maybe", "starttls", "implicit", ":{line+2}:"]),
    ('upstream "u" {\n  host = "h.example"\n  tls = "none"\n  username = "u"\n  password_file = "/nowhere"\n}\n',
     ["clear", ":{line+2}:"]),
    ('upstream "u" {\n  host = "h.example"\n  username = "u"\n}\n', ["password_file", ":{line+2}:"]),
    ('listen "all" {\n  address = "0.0.0.0"\n  port = 2525\n}\n', ["relay_from", ":{line+1}:"]),
    ('listen "all" {\n  address = "::"\n  port = 2525\n  relay_from = { "::/0" }\n}\n', ["open relay", ":{line+3}:"]),
    ('log {\n  level = "loud"\n}\n', ["loud", "debug"]),
    ('hostname = "two words"\n', ["two words", ":{line}:"]),
    ('spool = "relative"\nlistn "x" { }\n', ["listn"]),
    ('upstream "u" {\n', ["} is missing"]),
    ('hostname = "unterminated\n', ["quote"]),
])
def test_a_bad_config_is_explained(idle, text, words):
    settings = dict(idle.settings)
    for name in ("hostname", "log", "queue", "spool"):
        if text.startswith(name):
            settings.pop(name)
    idle.settings = settings
    idle.set()
    line = add(idle, text)
    for done in (idle.run("-t"), idle.run("-f")):
        assert done.returncode == 78, done
        assert str(idle.config_file) + ":" in done.stderr
        for word in words:
            word = word.replace("{line}", str(line))
            for i in range(5):
                word = word.replace("{line+%d}" % i, str(line + i))
            assert word in done.stderr, done.stderr


def test_all_errors_are_told_at_once(idle):
    add(idle, "fly = 1\nrun = 2\nhide = 3\n")
    errors = idle.run("-t").stderr
    assert all(word in errors for word in ("fly", "run", "hide"))


def test_no_config_is_explained(tmp_path):
    done = subprocess.run([POSTERND, "-c", tmp_path / "none", "-f"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and "none" in done.stderr


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o666])
def test_a_password_file_that_others_can_read_is_refused(provider, mode):
    postern = Postern(provider)
    postern.write_password("secret", mode)
    for done in (postern.run("-t"), postern.run("-f")):
        assert done.returncode == 78 and "chmod 600" in done.stderr and str(postern.password_file) in done.stderr
        assert "secret" not in done.stderr


def test_a_missing_password_file_is_refused(provider):
    postern = Postern(provider)
    postern.password_file.unlink()
    done = postern.run("-f")
    assert done.returncode == 78 and "password" in done.stderr


# Start


def test_two_instances_on_one_spool_are_refused(postern):
    other = Postern()
    other.set(spool=postern.spool)
    done = other.run("-f")
    assert done.returncode == 75 and str(postern.process.pid) in done.stderr and str(postern.spool) in done.stderr
    postern.wait_log("delivered", id=postern.send())


def test_a_port_that_is_taken_is_told(idle):
    with socket.create_server(("127.0.0.1", idle.port)):
        done = idle.run("-f")
    assert done.returncode == 71 and str(idle.port) in done.stderr and "ss -ltnp" in done.stderr


def test_a_foreign_directory_is_no_spool(idle):
    idle.spool.mkdir()
    (idle.spool / "letter.txt").write_text("mine")
    done = idle.run("-f")
    assert done.returncode != 0 and "letter.txt" in done.stderr
    assert os.listdir(idle.spool) == ["letter.txt"]


@AS_ROOT
def test_a_user_that_does_not_exist(idle):
    idle.set(user="nosuchuser")
    start, check = idle.run("-f"), idle.run("-t")
    assert start.returncode == 67 and "user = nosuchuser: no such user; needed: " in start.stderr
    assert check.returncode == 0 and "user = nosuchuser: no such user; needed: " in check.stderr


@AS_ROOT
def test_a_spool_that_may_not_be_used_is_no_error_of_the_system():
    postern = Postern(as_user="nobody")
    postern.spool.mkdir(mode=0o700)
    done = postern.run("-f")
    assert done.returncode == 77 and str(postern.spool) in done.stderr and "Permission denied" in done.stderr


@AS_ROOT
def test_an_ordinary_user_can_run_it(provider):
    with Postern(provider, as_user="nobody") as postern:
        for pid in [postern.process.pid, *postern.children()]:
            assert pathlib.Path(f"/proc/{pid}").stat().st_uid != 0 or "Uid:\t65534" in pathlib.Path(
                f"/proc/{pid}/status").read_text()
        postern.wait_log("delivered", id=postern.send())


@AS_ROOT
def test_workers_have_no_privileges(postern):
    for role in ("listener", "outbound"):
        status = pathlib.Path(f"/proc/{postern.worker(role)}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert "0" not in fields["Uid"].split() and "0" not in fields["Gid"].split()
        assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
        assert fields["NoNewPrivs"] == "1"


@AS_ROOT
def test_root_is_no_user_for_workers(idle):
    idle.set(user="root")
    done = idle.run("-f")
    assert done.returncode != 0 and "root" in done.stderr


# Secrets


def test_secrets_are_in_no_log_and_in_no_command_line(provider):
    with Postern(provider, log={"level": "debug"}) as postern:
        postern.wait_log("delivered", id=postern.send())
        provider.fault("auth=reply:535 5.7.8 no")
        provider.drop_all()
        postern.send()
        postern.wait_log("upstream_held")
        for pid in [postern.process.pid, *postern.children()]:
            for file in ("cmdline", "environ"):
                words = pathlib.Path(f"/proc/{pid}/{file}").read_bytes().split(b"\0")
                assert not [w for w in words if b"secret" in w and not w.startswith(b"PYTEST_CURRENT_TEST=")]
        for word in ("secret", "AHVzZXIAc2VjcmV0", "c2VjcmV0"):
            assert word not in postern.text()


@AS_ROOT
def test_the_listener_has_no_password_in_memory(postern):
    postern.wait_log("delivered", id=postern.send())
    postern.write_password("swordfish-Zq7w")  # a word that nobody else has in memory
    postern.restart()
    pid = postern.worker("listener")
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            area, mode, *_ = line.split()
            if not mode.startswith("rw") or "[v" in line:
                continue
            start, end = (int(part, 16) for part in area.split("-"))
            if end - start > 1 << 30:  # the shadow of a sanitizer
                continue
            try:
                memory.seek(start)
                assert b"swordfish-Zq7w" not in memory.read(end - start)
            except OSError:
                pass


# Service manager


def test_notify_tells_ready_and_stopping(provider):
    with Postern(provider) as postern:
        message = postern.notify.wait("READY=1")
        assert "STATUS=serving" in message
        postern.process.send_signal(signal.SIGTERM)
        postern.notify.wait("STOPPING=1")
        postern.wait_end(status=0)


def test_notify_tells_reloading(postern):
    postern.reload()
    reloading = next(m for m in postern.notify.messages if "RELOADING=1" in m)
    assert "MONOTONIC_USEC=" in reloading
    assert int(reloading.split("MONOTONIC_USEC=")[1].split("\n")[0]) <= time.monotonic_ns() // 1000


def test_a_refused_reload_ends_as_ready(postern):
    add(postern, "fly = 1\n")
    seen = len(postern.notify.all())
    postern.process.send_signal(signal.SIGHUP)
    postern.notify.wait("READY=1", skip=seen)


def test_the_watchdog_is_fed():
    with Postern(environment={"WATCHDOG_USEC": "200000"}) as postern:
        for n in range(3):
            seen = len(postern.notify.messages)
            postern.notify.wait("WATCHDOG=1", timeout=10, skip=seen)


def test_the_watchdog_of_another_process_is_not_fed():
    with Postern(environment={"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}) as postern:
        postern.reload()
        assert not any("WATCHDOG" in m for m in postern.notify.all())


@pytest.mark.parametrize("count", [1, 2])
def test_sockets_from_the_service_manager_are_used(provider, count):
    ports = [free_port() for _ in range(count)]
    sockets = [socket.create_server(("127.0.0.1", port)) for port in ports]
    postern = Postern(provider)
    postern.set(listen={f"l{i}": {"address": "127.0.0.1", "port": port} for i, port in enumerate(ports)})
    moved = [os.dup(s.fileno()) for s in sockets]

    def hand_over():  # in the child: descriptors from 3 on
        kept = [os.dup2(fd, 100 + i) for i, fd in enumerate(moved)]
        for i, fd in enumerate(kept):
            os.dup2(fd, 3 + i, inheritable=True)
            os.close(fd)

    # LISTEN_PID must be posternd's own pid: a shell that becomes it knows it.
    script = postern.dir / "start"
    script.write_text(f'#!/bin/sh\nLISTEN_PID=$$ LISTEN_FDS={count} exec "$@"\n')
    script.chmod(0o755)
    postern.notify = Notify()
    with open(postern.log_file, "ab") as log:
        postern.process = subprocess.Popen(
            [script, POSTERND, "-f", "-c", postern.config_file], stdout=log, stderr=log, close_fds=False,
            preexec_fn=hand_over, env=dict(os.environ, NOTIFY_SOCKET=postern.notify.address))
    try:
        postern.wait_ready()
        inode = os.fstat(sockets[0].fileno()).st_ino
        held = {os.readlink(f"/proc/{postern.worker('listener')}/fd/{fd}")
                for fd in os.listdir(f"/proc/{postern.worker('listener')}/fd")} if os.geteuid() == 0 else None
        assert held is None or f"socket:[{inode}]" in held
        for s in sockets:
            s.close()
        for port in ports:
            postern.port = port
            postern.wait_log("delivered", id=postern.send())
        postern.reload()
        for port in ports:
            postern.port = port
            postern.wait_log("delivered", id=postern.send())
        postern.stop()
    finally:
        for fd in moved:
            os.close(fd)
        postern.kill_all()


# Reload


def test_a_reload_brings_the_new_config(provider):
    with Postern(provider) as postern:
        with Talk(postern.port) as old:
            old.starts()
            port = free_port()
            postern.set(hostname="new.example", listen={"local": {"address": "127.0.0.1", "port": postern.port},
                                                        "more": {"address": "127.0.0.1", "port": port}})
            postern.reload()
            with Talk(port) as new:
                assert new.reply() == "220 new.example ESMTP postern"
            assert old.transact().startswith("250 "), "the old session goes on"
        assert len(provider.wait_for(1)) == 1
        status = postern.status()
        assert status["generation"] == 2 and status["hostname"] == "new.example"
        postern.wait_log("generation_gone", generation=1)


@pytest.mark.parametrize("break_it", [
    lambda p: add(p, "fly = 1\n"), lambda p: p.config_file.unlink(), lambda p: p.password_file.chmod(0o644),
    lambda p: p.set(listen={"address": "192.0.2.77", "relay_from": ["192.0.2.0/24"]}),
    lambda p: p.set(upstream={"ca_file": "/nowhere"}),
], ids=["unknown-key", "no-file", "password-mode", "unbindable", "no-ca"])
def test_a_bad_config_changes_nothing(provider, break_it):
    with Postern(provider) as postern:
        before = postern.children()
        break_it(postern)
        seen = len(postern.notify.all())
        postern.process.send_signal(signal.SIGHUP)
        postern.notify.wait("READY=1", skip=seen)
        assert postern.log("reload_refused"), postern.text()
        assert set(before) <= set(postern.children())
        postern.wait_log("delivered", id=postern.send())


def test_reloads_under_load_drop_no_session(provider):
    with Postern(provider) as postern:
        errors, sent, enough = [], [], threading.Event()

        def client(number):
            try:
                with postern.smtp() as smtp:
                    while not enough.is_set():
                        sent.append(submit(smtp, b"Subject: %d\r\n\r\nx\r\n" % number))
            except Exception as error:  # whatever it is, it is a dropped session
                errors.append(error)

        threads = [threading.Thread(target=client, args=(i,)) for i in range(5)]
        for thread in threads:
            thread.start()
        try:
            for i in range(4):
                count = len(sent)
                wait_until(lambda: len(sent) > count + 20, what="load")
                postern.set(queue={"retry_max": f"{i + 2}s"})
                postern.reload()
        finally:
            enough.set()
            for thread in threads:
                thread.join()
        assert not errors
        postern.wait_empty(60)
        assert provider.count() == len(sent), "each once"


def test_a_storm_of_reloads_is_survived(postern):
    for _ in range(20):
        postern.process.send_signal(signal.SIGHUP)
    postern.wait_log("delivered", id=postern.send())
    postern.reload()


# Stop


def test_sigterm_tells_idle_clients_421_and_finishes_the_others(provider):
    with Postern(provider) as postern:
        with Talk(postern.port) as idle_client, Talk(postern.port) as busy:
            idle_client.starts()
            busy.starts()
            for command in TRANSACTION.split(b"\r\n")[:-1]:
                busy.say(command)
            busy.send(b"Subject: last\r\n\r\n")
            postern.process.send_signal(signal.SIGTERM)
            assert idle_client.reply().startswith("421 4.3.2 ")
            assert idle_client.is_over()
            busy.send(b"words\r\n.\r\n")
            assert busy.reply().startswith("250 ")
        postern.wait_end(status=0)
        postern.start()
        assert provider.wait_for(1)[0].content.endswith(b"words\r\n")


def test_sigterm_waits_for_no_stalled_client(provider):
    with Postern(provider) as postern, Talk(postern.port) as talk:
        talk.starts()
        talk.say("MAIL FROM:<a@x.example>")
        talk.say("RCPT TO:<b@y.example>")
        talk.say("DATA")
        began = time.monotonic()
        postern.stop(timeout=20)
        assert time.monotonic() - began < 15


def test_nothing_is_sent_twice_after_a_graceful_stop(provider):
    with Postern(provider) as postern:
        provider.fault("dot=delay:100")
        with postern.smtp() as client:
            for _ in range(40):
                submit(client)
        postern.restart()
        provider.clear_faults()
        postern.wait_empty()
        assert provider.count() == 40


def test_orders_while_it_stops_do_no_harm(provider):
    with Postern(provider) as postern:
        provider.fault("dot=delay:1500")
        postern.send()
        wait_until(lambda: postern.status()["queue"]["sending"] == 1, what="the message on its way")
        postern.process.send_signal(signal.SIGTERM)
        wait_until(lambda: postern.ctl("hold", "--all").returncode == os.EX_UNAVAILABLE, 30, "its end")
        postern.wait_end(status=0)
        assert not postern.log("worker_died")


def test_sigint_stops_as_well(postern):
    postern.process.send_signal(signal.SIGINT)
    postern.wait_end(status=0)


def test_the_control_socket_goes_at_the_end(postern):
    postern.stop()
    assert not postern.control.exists()


# Workers that die


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT], ids=lambda s: s.name)
@pytest.mark.parametrize("role", ["listener", "outbound"])
def test_a_dead_worker_is_told_and_replaced(provider, role, sig):
    with Postern(provider, environment={"ASAN_OPTIONS": "handle_segv=0:handle_abort=0"}) as postern:
        pid = postern.kill(role, sig)
        record = postern.wait_log("worker_died", worker=role, pid=pid)
        assert record["signal"] == sig.name and record["level"] == "error"
        postern.wait_restart(role, pid)

        def accepts():
            try:
                return postern.send()
            except (OSError, EOFError):
                return None

        postern.wait_log("delivered", id=wait_until(accepts, what="a new listener"))


def test_who_starts_it_may_ignore_its_children(provider):
    postern = Postern(provider)
    postern.before_exec = lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    postern.password_file.unlink()
    postern.set(upstream={"password_file": None, "password_command": f"echo {provider.password}"})
    with postern:
        postern.wait_restart("listener", postern.kill("listener"))
        postern.stop()


def test_a_log_that_may_not_grow_ends_nobody(postern):
    """A limit on the size of files (RLIMIT_FSIZE), which the standard error meets when it is one."""
    limits = resource.prlimit(postern.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(postern.process.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    pid = postern.kill("listener")

    def is_served():
        try:
            return postern.smtp(timeout=5).close() is None and not pathlib.Path(f"/proc/{pid}").exists()
        except OSError:
            return False

    wait_until(is_served, what="a new listener")
    assert postern.process.poll() is None and not postern.log("worker_died")
    resource.prlimit(postern.process.pid, resource.RLIMIT_FSIZE, limits)


def test_the_other_worker_lives_on(postern):
    with Talk(postern.port) as talk:
        talk.starts()
        postern.wait_restart("outbound", postern.kill("outbound"))
        assert talk.transact().startswith("250 ")
    assert len(postern.log("worker_started", worker="listener")) == 1
    postern.provider.wait_for(1)


def test_workers_end_when_the_master_is_killed(postern):
    pids = postern.children()
    postern.process.kill()
    postern.process.wait()
    postern.process = None
    wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids), 30, "the workers' end")
    postern.start()
    postern.wait_log("delivered", id=postern.send())


# Log


def test_the_log_tells_a_messages_life(postern):
    id = postern.send()
    delivered = postern.wait_log("delivered", id=id)
    accepted, = postern.log("accepted", id=id)
    for key in ("client", "from", "nrcpt", "size", "ms"):
        assert accepted[key]
    for key in ("to", "upstream", "code", "enhanced", "reply", "ms", "attempt"):
        assert delivered[key]
    assert accepted["process"] == "listener" and delivered["process"] == "outbound"


def test_the_log_as_json(provider):
    with Postern(provider, log={"format": "json"}) as postern:
        id = postern.send()
        provider.wait_for(1)
        wait_until(lambda: '"delivered"' in postern.text(), what="the delivery in the log")
        events = [json.loads(line) for line in postern.text().splitlines() if line.startswith("{")]
        assert any(e["event"] == "accepted" and e["id"] == id and e["nrcpt"] == 1 for e in events)


def test_each_line_of_a_json_log_is_json(provider):
    """From the first one to the last, with a reload, a death and words of a peer that need escapes."""
    with Postern(provider, log={"format": "json", "level": "debug"}) as postern:
        provider.fault('rcpt=reply:550 5.1.1 no "such" \\user,count=1')
        postern.send()
        wait_until(lambda: '"bounced"' in postern.text() or '"failed"' in postern.text(), what="the refusal")
        with Talk(postern.port) as talk:
            talk.starts()
            talk.say(b"MAIL FROM:<\"a\\\\ b\"@x.example>")
        postern.reload()
        os.kill(postern.children()[0], signal.SIGKILL)
        wait_until(lambda: '"worker_died"' in postern.text(), what="the death")
        postern.stop()
        events = [json.loads(line) for line in postern.text().splitlines()]
        for event in events:
            assert event["time"] and event["level"] and event["process"] and event["event"]
        assert events[0]["event"] == "starting" and events[-1]["event"] == "stopped"


# A full disk


def test_less_space_than_min_free_means_452_and_recovery(provider):
    with Postern(provider, limits={"min_free": "1000T"}) as postern:
        with Talk(postern.port) as talk:
            assert talk.starts().say("MAIL FROM:<a@x.example>").startswith("452 4.3.1 ")
            assert talk.say("NOOP").startswith("250 ")
        assert postern.wait_log("spool_full")
        assert "NEW MAIL IS REFUSED" in postern.ctl("status").stdout
        postern.set(limits={"min_free": "1M"})
        postern.reload()
        postern.wait_log("delivered", id=postern.send())


@pytest.fixture
def small_disk():
    """A file system of 24 MB that every user can reach, or a skip where we may not mount one."""
    with tempfile.TemporaryDirectory(prefix="postern-disk-") as place:
        os.chmod(place, 0o755)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=755", "postern-test", place],
                              capture_output=True, text=True)
        if made.returncode != 0:
            pytest.skip("cannot mount a tmpfs: " + made.stderr)
        yield pathlib.Path(place)
        subprocess.run(["umount", "-l", place], check=True)


@AS_ROOT
def test_a_full_disk_means_452_and_recovery(provider, small_disk):
    with Postern(provider, limits={"min_free": "0"}) as postern:
        postern.set(spool=small_disk / "spool")
        postern.restart()
        ballast = small_disk / "ballast"
        with open(ballast, "wb", 0) as file:
            with pytest.raises(OSError):
                while True:
                    file.write(b"x" * 65536)
        body = b"Subject: big\r\n\r\n" + (b"x" * 98 + b"\r\n") * 20000
        with Talk(postern.port, timeout=30) as talk:
            talk.starts()
            reply = talk.say("MAIL FROM:<a@x.example>")
            if reply.startswith("250"):  # large content meets the end of the disk itself
                talk.say("RCPT TO:<b@y.example>")
                talk.say("DATA")
                talk.send(body + b".\r\n")
                reply = talk.reply()
            assert reply.startswith("452 4.3.1 ")
            ballast.unlink()

            def taken():
                if not talk.say("MAIL FROM:<a@x.example>").startswith("250"):
                    return False
                talk.say("RCPT TO:<b@y.example>")
                talk.say("DATA")
                talk.send(body + b".\r\n")
                return talk.reply().startswith("250 ")

            wait_until(taken, 20, "room again")
        assert provider.wait_for(1)[0].content.endswith(body)
