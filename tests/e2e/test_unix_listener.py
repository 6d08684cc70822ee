# SPDX-License-Identifier: ISC
"""A listener that is a unix socket: who its clients are, its permissions, and who removes it."""

import os
import pwd
import socket
import stat
import subprocess

import pytest
from postern import OTHER_USER, POSTERND, Postern, free_port, queue_id, wait_until
from provider import certificates
from talk import UnixTalk


def with_socket(postern, **keys):
    path = postern.dir / "run" / "smtp.sock"
    local = postern.settings["listen"].get("tcp") or postern.settings["listen"]["local"]
    postern.set(listen={"local": dict(address=path, **keys), "tcp": local})
    return path


def test_the_uid_is_told(provider):
    postern = Postern(provider)
    path = with_socket(postern)
    with postern:
        with UnixTalk(path) as talk:
            talk.starts()
            id = queue_id(talk.transact())
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        assert b"(unix:uid=%d)" % os.getuid() in postern.arrived(id).content.split(b"\r\n\r\n")[0]
        assert postern.log("accepted", id=id)[0]["client"] == f"unix:uid={os.getuid()}"
        if os.getuid() == 0:
            uid = pwd.getpwnam(OTHER_USER).pw_uid
            script = f"import socket;s=socket.socket(socket.AF_UNIX);s.connect({str(path)!r});s.recv(100)\n" \
                     "s.sendall(b'EHLO a\\r\\nMAIL FROM:<a@x.example>\\r\\nBYE\\r\\nQUIT\\r\\n')\nwhile s.recv(999): pass"
            subprocess.run(["/usr/bin/python3", "-c", script], user=uid, check=True, timeout=30)
            postern.wait_log("rejected", client=f"unix:uid={uid}")
    assert not path.exists()


@pytest.mark.parametrize("pace", ["packet", "octets"])
def test_paces(provider, pace):
    postern = Postern(provider)
    path = with_socket(postern)
    said = b"EHLO a\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
    with postern, UnixTalk(path) as talk:
        assert talk.reply().startswith("220 ")
        for at in range(0, len(said), len(said) if pace == "packet" else 1):
            talk.send(said if pace == "packet" else said[at:at + 1])
        assert [talk.reply()[:3] for _ in range(5)] == ["250", "250", "250", "354", "250"]


def test_a_stale_socket_is_replaced_and_a_living_one_is_not(provider):
    postern = Postern(provider)
    path = with_socket(postern, mode="0600")
    with postern:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        postern.kill_all()
        assert path.exists()
        postern.start()
        with UnixTalk(path) as talk:
            talk.starts()
    other = Postern(provider)
    with socket.socket(socket.AF_UNIX) as living:
        taken = with_socket(other)
        taken.parent.mkdir()
        living.bind(str(taken))
        living.listen()
        done = other.run("-f")
        assert done.returncode != 0 and f"cannot listen on {taken}" in done.stderr
        assert taken.exists()


def test_reloads_keep_and_remove_it(provider):
    postern = Postern(provider)
    path = with_socket(postern)
    with postern:
        tcp = postern.settings["listen"]["tcp"]
        inode = path.stat().st_ino
        with UnixTalk(path) as talk:
            talk.starts()
            postern.reload()
            assert path.stat().st_ino == inode
            assert talk.transact().startswith("250 ")
        postern.settings["listen"]["local"]["mode"] = "0600"
        postern.set()
        postern.reload()
        assert path.stat().st_ino == inode and stat.S_IMODE(path.stat().st_mode) == 0o600
        postern.settings["listen"] = {"tcp": tcp}
        postern.set()
        postern.reload()
        wait_until(lambda: not path.exists(), what="the socket's removal")
        postern.send()


def test_the_service_manager_keeps_its_own(provider):
    postern = Postern(provider)
    path = with_socket(postern)
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
        made.listen()
        path.chmod(0o666)
        script = postern.dir / "start"
        script.write_text('#!/bin/sh\nLISTEN_PID=$$ LISTEN_FDS=1 exec "$@"\n')
        script.chmod(0o755)
        process = subprocess.Popen([script, POSTERND, "-f", "-c", postern.config_file], close_fds=False,
                                   stderr=subprocess.DEVNULL,
                                   preexec_fn=lambda: os.dup2(made.fileno(), 3, inheritable=True))
        try:
            with UnixTalk(path) as talk:
                talk.starts()
        finally:
            process.terminate()
            assert process.wait(30) == 0
        assert path.exists()


def test_sendmail_uses_it(provider):
    """It takes the first listener that needs neither TLS nor a login."""
    postern = Postern(provider)
    with_socket(postern)
    cert = {"tls_cert_file": certificates() / "good.pem", "tls_key_file": certificates() / "good.key"}
    postern.set(listen={"tls": dict(port=free_port(), tls="implicit", **cert), **postern.settings["listen"]})
    with postern:
        assert postern.sendmail("b@y.example", input=b"Subject: x\n\nx\n").returncode == 0
        postern.wait_log("accepted", client=f"unix:uid={os.getuid()}")
