# SPDX-License-Identifier: ISC
"""posternctl, and its socket with curl."""

import json
import re
import shutil
import socket
import subprocess

import pytest
from postern import POSTERNCTL, Postern, wait_until

SLOW = {"retry_min": "1h", "retry_max": "2h"}


@pytest.fixture
def stuck(provider):
    """A posternd with one message that waits for an hour, as stuck.id."""
    provider.fault("rcpt=reply:450 4.2.1 mailbox busy")
    with Postern(provider, queue=SLOW) as postern:
        postern.id = postern.send()
        postern.wait_log("deferred", id=postern.id)
        provider.clear_faults()
        yield postern


def queue(postern):
    return json.loads(postern.ctl("queue", "--json").stdout)


def ok(done):
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


# Looking


def test_status_of_an_idle_daemon(postern):
    text = ok(postern.ctl("status"))
    assert "queue: 0 messages" in text and "upstream provider (localhost:" in text and " up," in text


def test_status_counts(stuck):
    status = json.loads(ok(stuck.ctl("status", "--json")))
    assert status["queue"]["messages"] == status["queue"]["waiting"] == 1
    assert status["counters"]["accepted_messages"] == 1 and status["counters"]["deferred"] == 1
    assert status["hostname"] == "relay.example" and status["generation"] == 1
    assert "queue: 1 message: 0 ready, 1 waiting" in ok(stuck.ctl("status"))


def first_status(postern):
    """What the control socket answers as soon as there is one."""
    def ask():
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(postern.control))
        except OSError:
            client.close()
            return None
        return client

    with wait_until(ask, what="the control socket") as client:
        client.sendall(b"GET /status HTTP/1.0\r\n\r\n")
        client.settimeout(30)
        return json.loads(b"".join(iter(lambda: client.recv(65536), b"")).split(b"\r\n\r\n", 1)[1])


def test_the_socket_answers_during_recovery(provider):
    provider.stop_listening()
    with Postern(provider, queue=SLOW) as postern:
        postern.load(20000)
        for _ in range(10):  # recovery is short: it may be over before the socket is there
            postern.stop()
            postern.start(wait=False)
            status = first_status(postern)
            postern.wait_ready()
            if not status["recovered"]:
                break
        assert not status["recovered"] and status["queue"]["messages"] < 20000
        postern.wait_log("recovered", messages=20000)


def test_an_empty_queue(postern):
    assert ok(postern.ctl("queue")) == "The queue is empty.\n"
    assert json.loads(ok(postern.ctl("queue", "--json"))) == []


def test_queue_lists_messages(stuck):
    text = ok(stuck.ctl("queue"))
    for word in (stuck.id, "<a@x.example>", "b@y.example", "waiting", "450 4.2.1 mailbox busy", "1 message"):
        assert word in text


def test_queue_json_is_one_array(stuck):
    message, = queue(stuck)
    assert message["id"] == stuck.id and message["from"] == "a@x.example" and message["to"] == ["b@y.example"]
    assert message["state"] == "waiting" and message["attempts"] == 1 and message["size"] > 40
    assert "mailbox busy" in message["reason"]


def test_queue_json_of_many_messages(provider):
    provider.stop()
    with Postern(provider, queue=SLOW) as postern:
        with postern.smtp() as client:
            for i in range(450):
                client.sendmail("a@x.example", [f"b{i}@y.example"], b"Subject: t\r\n\r\nx\r\n")
        wait_until(lambda: len(queue(postern)) == 450, what="450 messages")
        assert {m["to"][0] for m in queue(postern)} == {f"b{i}@y.example" for i in range(450)}
        assert "450 messages" in ok(postern.ctl("queue"))


def test_show(stuck):
    text = ok(stuck.ctl("show", stuck.id))
    for word in (stuck.id, "a@x.example", "b@y.example", "client.example", "waiting", "deferred", "mailbox busy"):
        assert word in text


# Steering


def test_retry_one(stuck):
    ok(stuck.ctl("retry", stuck.id))
    assert stuck.wait_log("delivered", id=stuck.id)["attempt"] == "2"


@pytest.mark.parametrize("argument", [[], ["--all"]])
def test_retry_all(stuck, argument):
    assert "1 waiting message is due" in ok(stuck.ctl("retry", *argument))
    stuck.wait_log("delivered", id=stuck.id)


def test_hold_and_release(stuck):
    ok(stuck.ctl("hold", stuck.id))
    assert queue(stuck)[0]["state"] == "held"
    refused = stuck.ctl("retry", stuck.id)
    assert refused.returncode == 75 and "release" in refused.stderr
    ok(stuck.ctl("retry", "--all"))
    assert queue(stuck)[0]["state"] == "held"
    ok(stuck.ctl("release", stuck.id))
    stuck.wait_log("delivered", id=stuck.id)


def test_a_hold_survives_a_restart(stuck):
    ok(stuck.ctl("hold", stuck.id))
    stuck.restart()
    wait_until(lambda: queue(stuck) and queue(stuck)[0]["state"] == "held", what="the held message")
    assert stuck.provider.count() == 0


def test_delete(stuck):
    ok(stuck.ctl("delete", stuck.id))
    assert queue(stuck) == []
    assert stuck.wait_log("removed", id=stuck.id)
    stuck.restart()
    assert queue(stuck) == [] and stuck.provider.count() == 0


def test_reload(postern):
    postern.set(hostname="other.example")
    ok(postern.ctl("reload"))
    wait_until(lambda: postern.status().get("hostname") == "other.example", what="the new config")


def test_reload_of_a_bad_config_says_why_and_changes_nothing(postern):
    postern.config_file.with_suffix(".good").write_text(postern.config_file.read_text())
    good = postern.config_file.read_text()
    postern.config_file.write_text(good + "fly = 1\n")
    done = subprocess.run([POSTERNCTL, "-s", postern.control, "reload"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and "fly" in done.stderr and "postern.conf:" in done.stderr
    postern.config_file.write_text(good)
    postern.wait_log("delivered", id=postern.send())


# Errors


@pytest.mark.parametrize("command", ["show", "retry", "hold", "release", "delete"])
@pytest.mark.parametrize("id", ["1M85AQKBD0000", "nonsense", "x" * 200, "../status"])
def test_unknown_ids(postern, command, id):
    done = postern.ctl(command, id)
    assert done.returncode == 66 and done.stderr.strip(), done


@pytest.mark.parametrize("arguments", [[], ["fly"], ["-x"]])
def test_wrong_usage_shows_the_right_one(postern, arguments):
    done = postern.ctl(*arguments)
    assert done.returncode == 64 and "status" in done.stderr and "passwd" in done.stderr


@pytest.mark.parametrize("arguments", [["show"], ["hold"], ["status", "x"], ["queue", "--xml"], ["show", "a", "b"],
                                       ["spool", "fly"], ["spool", "check", "x"], ["passwd"], ["check-relay", "-x"]])
def test_wrong_usage_of_a_command_shows_that_of_this_one(postern, arguments):
    done = postern.ctl(*arguments)
    assert done.returncode == 64 and re.search(r"^usage: .*\] %s" % arguments[0], done.stderr, re.M)
    assert "reload" not in done.stderr


def test_help():
    def ask(*arguments):
        done = subprocess.run([POSTERNCTL, *arguments], capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stderr) == (0, "") and "usage: posternctl" in done.stdout
        return done.stdout

    commands = re.findall(r"^  ([a-z][a-z-]+) ", ask("--help"), re.M)
    assert len(commands) == 11
    for command in commands:
        assert re.search(r"\] %s" % command, ask(command, "--help"))
    assert "export" in ask("spool", "check", "--help") and "--older" in ask("hold", "--help")


@pytest.mark.parametrize("arguments", [["status"], ["queue"], ["queue", "--json"], ["show", "1M85AQKBD0000"], ["retry"],
                                       ["hold", "1M85AQKBD0000"], ["reload"]])
def test_without_a_daemon_it_says_what_to_do(postern, arguments):
    postern.stop()
    done = postern.ctl(*arguments)
    assert done.returncode == 69 and "not running" in done.stderr and "systemctl start" in done.stderr
    assert done.stdout == ""


def test_without_a_config(tmp_path):
    done = subprocess.run([POSTERNCTL, "-c", tmp_path / "none", "status"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and "none" in done.stderr


def test_version():
    done = subprocess.run([POSTERNCTL, "-V"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stdout.startswith("posternctl 0")


# The socket


def curl(postern, *arguments):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    *options, path = arguments
    done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", "--unix-socket", postern.control, *options,
                           "http://localhost" + path], capture_output=True, text=True, timeout=30)
    body, code = done.stdout.rsplit("\n", 1)
    return int(code), json.loads(body)


def test_curl_reads(stuck):
    code, status = curl(stuck, "/status")
    assert code == 200 and status["queue"]["messages"] == 1
    code, messages = curl(stuck, "/queue")
    assert code == 200 and [m["id"] for m in messages] == [stuck.id]
    assert curl(stuck, "/queue/" + stuck.id)[1]["history"][0]["event"] == "deferred"


def test_curl_orders(stuck):
    assert curl(stuck, "-X", "POST", f"/queue/{stuck.id}/retry")[0] == 200
    stuck.wait_log("delivered", id=stuck.id)


@pytest.mark.parametrize("arguments, code", [
    (["/nowhere"], 404), (["/queue/none"], 404), (["-X", "POST", "/status"], 405), (["/retry"], 405), (["/"], 404),
    (["-X", "POST", "/queue/none/delete"], 404),
])
def test_curl_errors_are_json(postern, arguments, code):
    got, body = curl(postern, *arguments)
    assert got == code and body["error"]


def test_the_socket_is_for_the_daemons_group_only(postern):
    assert postern.control.stat().st_mode & 0o777 == 0o660
