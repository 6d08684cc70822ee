# SPDX-License-Identifier: ISC
"""A spool on a real file system that fails: full, out of inodes, read-only, over its quota, failing syncs; and EMFILE.

The file systems are mounted in a mount namespace of this process' own, which is gone with it.  Root is needed.
In each test the clients get 452 at once, the log says why once, mail is accepted again without a restart, and what
was answered 250 arrives exactly once.
"""

import contextlib
import ctypes
import ctypes.util
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest
from postern import OTHER_USER, Postern, wait_until
from provider import Provider

CLONE_NEWNS = 0x20000
KIB, MIB = 1024, 1024 * 1024
LARGE = 600 * KIB  # a file of its own
ANSWER_TIME = 5  # seconds in which a client must have an answer, on a busy machine


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stderr)


@pytest.fixture(scope="module")
def namespace():
    """From here on, what this process mounts is seen by nobody but it and its children."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount file systems")
    libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        pytest.skip(f"unshare: {os.strerror(ctypes.get_errno())}")
    run("mount", "--make-rprivate", "/")


def take_room(path, most):
    with open(path, "wb") as file, contextlib.suppress(OSError):
        for at in range(0, most, 4 * KIB):
            os.posix_fallocate(file.fileno(), at, 4 * KIB)


class Disk:
    """Mounted file systems, innermost last; `path` is where the last one is."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self.dir = pathlib.Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-disk-")))
        self.dir.chmod(0o755)
        self.path = None

    def mount(self, name, *options, what="none"):
        """Mount it, or skip the test when the kernel will not."""
        path = self.dir / name
        path.mkdir()
        done = subprocess.run(["mount", *options, str(what), str(path)], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"mount {' '.join(options)}: {done.stderr.strip()}")
        self._stack.callback(run, "umount", "-l", path)
        self.path = path

    def mount_image(self, size, *options):
        """ext4 in a file in the file system mounted before."""
        self._image = image = self.path / "image"
        run("truncate", "-s", str(size), image)
        run("mkfs.ext4", "-q", "-F", *options, image)
        self.mount("ext4", "-t", "ext4", "-o", "loop", what=image)

    def break_ext4(self):
        device = subprocess.run(["findmnt", "-no", "SOURCE", self.path], check=True, capture_output=True, text=True).stdout
        trigger = pathlib.Path("/sys/fs/ext4", pathlib.Path(device.strip()).name, "trigger_fs_error")
        if not trigger.exists():
            pytest.skip(f"no {trigger}")
        trigger.write_text("test")

    def mount_image_again(self):
        """As an operator would: unmount, check, mount."""
        run("umount", self.path)
        subprocess.run(["e2fsck", "-fy", self._image], check=False, capture_output=True)
        run("mount", "-t", "ext4", "-o", "loop", self._image, self.path)

    def fill(self, leave=0, name="ballast"):
        """Take all of the room but about `leave`, whoever takes of it meanwhile."""
        take_room(self.path / name, os.statvfs(self.path).f_bavail * os.statvfs(self.path).f_frsize - leave)

    def free(self, name="ballast"):
        (self.path / name).unlink()

    def close(self):
        self._stack.close()


@pytest.fixture
def disk(namespace):
    disk = Disk()
    try:
        yield disk
    finally:
        disk.close()


def tmpfs(disk, options):
    disk.mount("tmpfs", "-t", "tmpfs", "-o", options)


@contextlib.contextmanager
def relay(disk, provider, **settings):
    with Postern(provider, spool=disk.path / "spool", **settings) as postern:
        yield postern


class Clients:
    """Sends one message after another; keeps what was answered to each."""

    def __init__(self, postern):
        self.postern = postern
        self.accepted = []
        self.refused = []
        self.slowest = 0
        self.count = 0

    def send(self, size=4 * KIB):
        """One message; returns the code at its end.  A refusal of any command counts as the answer."""
        self.count += 1
        id = f"{os.getpid()}-{id_of(self)}-{self.count}"
        began = time.monotonic()
        with self.postern.smtp(timeout=ANSWER_TIME) as client:
            client.ehlo()
            code, text = client.mail("a@x.example")
            if code == 250:
                code, text = client.rcpt("b@y.example")
            if code == 250:
                code, text = client.data(f"X-Test-Id: {id}\r\nSubject: t\r\n\r\n".encode() + filler(size))
        self.slowest = max(self.slowest, time.monotonic() - began)
        if code == 250:
            self.accepted.append(id)
        else:
            assert (code, text[:5]) == (452, b"4.3.1"), (code, text)
            self.refused.append(id)
        return code

    def wait_accepted(self, timeout=30):
        """Wait until one is accepted."""
        wait_until(lambda: self.send() == 250 or time.sleep(0.05), timeout, "a 250")

    def check(self, doubled_may=()):
        """All that was accepted arrives, once; nothing else arrives, and no sender hears of anything."""
        provider = self.postern.provider

        wait_until(lambda: set(self.accepted) <= set(arrivals(provider)), 30, "the arrival of all that was accepted")
        self.postern.wait_empty()
        arrived = arrivals(provider)
        assert not set(self.refused) & set(arrived)
        assert [id for id in arrived if arrived.count(id) > 1 and id not in doubled_may] == []
        assert not self.postern.log("bounced") and not self.postern.log("spool_damage")
        assert self.slowest < ANSWER_TIME


def id_of(clients):
    return format(id(clients), "x")


def filler(size):
    return b"x" * 76 + b"\r\n" if size < 78 else (b"x" * 76 + b"\r\n") * (size // 78)


def check_said_once(postern, *events):
    """A trouble of the writers is one line, however many messages it met."""
    for event in events:
        lines = postern.log(event)
        assert 1 <= len(lines) <= 2, (event, lines)  # of the listener, and of outbound for its reports


@pytest.fixture
def provider():
    with Provider(capture=False) as provider:
        yield provider


def refuse_and_recover(postern, clients, fail, heal, sizes=(4 * KIB, LARGE), more=10):
    """Accept, break the disk, be refused, heal it, accept again, all with both kinds of message."""
    for size in sizes:
        assert clients.send(size) == 250
    fail()
    for size in sizes:
        wait_until(lambda size=size: clients.send(size) == 452, 20, "a 452")
    for _ in range(more):
        for size in sizes:
            clients.send(size)
    workers = postern.worker("listener"), postern.worker("outbound")
    heal()
    clients.wait_accepted()
    for _ in range(3):
        for size in sizes:
            assert clients.send(size) == 250
    if postern.log("spool_failed"):
        wait_until(lambda: clients.send() == 250 and postern.log("spool_recovered"), 20, "the end of the trouble")
    clients.check()
    assert workers == (postern.worker("listener"), postern.worker("outbound")), "a worker was restarted"


def test_no_space(disk, provider):
    tmpfs(disk, "size=16m")
    with relay(disk, provider, limits={"min_free": "0"}) as postern:
        refuse_and_recover(postern, Clients(postern), disk.fill, disk.free)
        check_said_once(postern, "spool_failed", "spool_recovered")


def test_less_space_than_min_free(disk, provider):
    tmpfs(disk, "size=16m")
    with relay(disk, provider, limits={"min_free": "2M"}) as postern:
        refuse_and_recover(postern, Clients(postern), lambda: disk.fill(leave=MIB), disk.free)
        check_said_once(postern, "spool_full", "spool_has_room")
        assert not postern.log("spool_failed")


def test_no_inodes(disk, provider):
    tmpfs(disk, "size=64m,nr_inodes=100")

    def fail():
        wait_until(lambda: not take_inode(disk.path), what="the last inode")

    def heal():
        for path in disk.path.glob("inode-*"):
            path.unlink()

    with relay(disk, provider) as postern:
        refuse_and_recover(postern, Clients(postern), fail, heal)
        check_said_once(postern, "spool_full", "spool_has_room")


def take_inode(path):
    try:
        (path / f"inode-{time.monotonic_ns()}").touch()
        return True
    except OSError:
        return False


def test_read_only_after_an_error(disk, provider):
    """What errors=remount-ro does: writes fail with EIO, new files with EROFS.  The kernel wants a new mount after it."""
    tmpfs(disk, "size=300m")
    disk.mount_image(200 * MIB, "-e", "remount-ro")
    postern = Postern(provider, spool=disk.path / "spool")
    with postern:
        clients = Clients(postern)
        clients.send()
        clients.send(LARGE)
        postern.wait_log("delivered", n=2)
        provider.stop_listening()
        provider.drop_all()
        for _ in range(5):
            assert clients.send() == 250
        disk.break_ext4()
        for size in (4 * KIB, LARGE) * 10:
            assert clients.send(size) == 452
        check_said_once(postern, "spool_failed")
        assert {line["why"] for line in postern.log("not_kept")} <= {"Input/output error", "Read-only file system"}
        provider.start_listening()
        wait_until(lambda: set(clients.accepted) <= set(arrivals(provider)), 30, "delivery, though nothing can be written")
        before = arrivals(provider)
        postern.stop()
        disk.mount_image_again()
        postern.start()
        clients.wait_accepted()
        assert clients.send(LARGE) == 250
        # The outcomes of what was delivered meanwhile could not be written, nor perhaps the last ones before be synced.
        clients.check(doubled_may=before)


def arrivals(provider):
    return [event["test_id"] for event in provider.events("message")]


def test_failing_sync(disk, provider):
    """The page cache takes what the device cannot: only fdatasync says so."""
    tmpfs(disk, "size=32m")
    beneath = disk.path
    disk.mount_image(400 * MIB, "-O", "^has_journal")

    with relay(disk, provider) as postern:
        clients = Clients(postern)
        refuse_and_recover(postern, clients, lambda: take_room(beneath / "ballast", 32 * MIB), (beneath / "ballast").unlink)
        check_said_once(postern, "spool_failed", "spool_recovered")
        assert postern.log("spool_failed")[0]["segment"] != postern.log("spool_recovered")[0]["segment"]


def limit_files(pid, limit):
    """Its soft limit, set by its own user, for root may not be allowed to."""
    subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={limit}:"], check=True, user=OTHER_USER, group="nogroup",
                   extra_groups=[])


def limit_size(postern, size):
    """Of a file that a worker writes (RLIMIT_FSIZE), as a limit of the service or a shell's ulimit does."""
    for worker in "listener", "outbound":
        subprocess.run(["prlimit", f"--pid={postern.worker(worker)}", f"--fsize={size}:"], check=True, user=OTHER_USER,
                       group="nogroup", extra_groups=[])


def test_files_may_not_grow(disk, provider):
    tmpfs(disk, "size=300m")
    with relay(disk, provider) as postern:
        # The log is a file, too.
        refuse_and_recover(postern, Clients(postern), lambda: limit_size(postern, LARGE // 2),
                           lambda: limit_size(postern, "unlimited"), sizes=(LARGE,))
        check_said_once(postern, "spool_failed", "spool_recovered")


def next_file(pid, nth=0):
    """The number that the process' next open file will have, or the nth after it."""
    used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    return [number for number in range(len(used) + nth + 1) if number not in used][nth]


def soft_limit(pid):
    line, = [line for line in pathlib.Path(f"/proc/{pid}/limits").read_text().split("\n") if "open files" in line]
    return int(line.split()[3])


def test_no_descriptors_for_large_messages(disk, provider):
    tmpfs(disk, "size=64m")
    with relay(disk, provider) as postern:
        pid = postern.worker("listener")
        before = soft_limit(pid)
        clients = Clients(postern)

        def fail():
            def is_refused():
                # Again and again, for an earlier session may just have ended.  The client has the file before.
                limit_files(pid, next_file(pid, 1))
                return clients.send(LARGE) == 452

            wait_until(is_refused, 20, "a 452")

        refuse_and_recover(postern, clients, fail, lambda: limit_files(pid, before), sizes=(LARGE,),
                           more=1)  # each waits for the pause after a failed accept


def test_no_descriptors_for_clients(disk, provider):
    tmpfs(disk, "size=64m")
    with relay(disk, provider) as postern:
        pid = postern.worker("listener")
        before = soft_limit(pid)
        clients = Clients(postern)
        assert clients.send() == 250

        def is_refused():
            limit_files(pid, next_file(pid))  # again and again, for an earlier session may just have ended
            try:
                postern.smtp(timeout=0.5).close()
                return False
            except OSError:
                return True

        wait_until(is_refused, what="a client that is not accepted")
        limit_files(pid, before)
        clients.wait_accepted()
        clients.check()
        assert len(postern.log("accept_paused")) == 1


def test_outbound_on_a_full_disk(disk, provider):
    """Neither outcomes nor reports can be written: what is due goes out, what was refused waits for its report."""
    tmpfs(disk, "size=16m")
    provider.fault("rcpt=reply:550 5.1.1 no such user,rcpt=bad*")
    ids = [f"both-{n}" for n in range(10)]
    with relay(disk, provider, limits={"min_free": "0"}) as postern:
        provider.stop_listening()
        for id in ids:
            postern.send(f"X-Test-Id: {id}\r\n\r\nHello\r\n".encode(), to=["good@y.example", "bad@y.example"])
        disk.fill()
        provider.start_listening()
        postern.wait_log("bounce_not_written")
        wait_until(lambda: set(ids) <= set(arrivals(provider)), 30, "all that is due")
        disk.free()
        postern.wait_empty()
        wait_until(lambda: len(arrivals(provider)) == 2 * len(ids), 30, "a report for each")
        assert [arrivals(provider).count(id) for id in ids] == [1] * len(ids)
        assert len(postern.log("bounced")) == len(ids)
        check_said_once(postern, "spool_failed", "outcomes_not_written", "bounce_not_written")
        wait_until(lambda: postern.log("outcomes_written"), 30, "the outcomes that were refused")
        assert not postern.log("outcomes_lost")
        postern.kill_all()
        postern.start()
        postern.wait_log("recovered", n=2)
        postern.wait_empty()
        assert len(arrivals(provider)) == 2 * len(ids), "what was done on the full disk is done again"


@pytest.mark.skipif(shutil.which("mkfs.btrfs") is None, reason="needs mkfs.btrfs")
def test_quota(disk, provider):
    tmpfs(disk, "size=400m")
    image = disk.path / "image"
    run("truncate", "-s", "300M", image)
    run("mkfs.btrfs", "-q", image)
    disk.mount("btrfs", "-t", "btrfs", "-o", "loop", what=image)
    run("btrfs", "quota", "enable", disk.path)
    run("btrfs", "subvolume", "create", disk.path / "quota")
    disk.path /= "quota"

    def limit(size):
        run("btrfs", "qgroup", "limit", size, "0/256", disk.path.parent)  # the first subvolume

    with relay(disk, provider) as postern:
        refuse_and_recover(postern, Clients(postern), lambda: limit("1M"), lambda: limit("none"))
        check_said_once(postern, "spool_failed", "spool_recovered")
