# SPDX-License-Identifier: ISC
"""Logins of clients: real ones, guesses, what a login opens, and that no password shows anywhere."""

import base64
import concurrent.futures
import os
import pty
import re
import smtplib
import ssl
import subprocess
import time

import pytest
from postern import POSTERNCTL, Postern, submit
from provider import Provider, certificates
from talk import Talk

SECRET = "s3cret-of-alice"
CRYPT = "s3cret-of-bob"


def entry(name, password):
    return subprocess.run([POSTERNCTL, "passwd", name], input=password + "\n", capture_output=True, text=True, check=True,
                          timeout=30).stdout


def crypt_entry(name, password):
    hash = subprocess.run(["openssl", "passwd", "-6", password], capture_output=True, text=True, check=True).stdout
    return f"{name}:{hash}"


def write_users(postern, text):
    users = postern.dir / "users"
    users.write_text(text)
    users.chmod(0o600)
    return users


def trust():
    return ssl.create_default_context(cafile=certificates() / "ca.pem")


@pytest.fixture(scope="module")
def server():
    """Relays only for who has logged in."""
    with Provider() as provider, Postern(provider, limits={"errors": 1000}) as postern:
        users = write_users(postern, "# users\n" + entry("alice", SECRET) + crypt_entry("bob", CRYPT))
        postern.set(listen={"relay_from": ["192.0.2.0/24"], "users_file": users, "auth_required": "yes",
                            "tls_cert_file": certificates() / "good.pem", "tls_key_file": certificates() / "good.key"})
        postern.reload()
        yield postern
        for secret in (SECRET, CRYPT, base64.b64encode(f"\0alice\0{SECRET}".encode()).decode()):
            assert secret not in postern.text()


def plain(name, password):
    return base64.b64encode(f"\0{name}\0{password}".encode()).decode()


@pytest.mark.parametrize("name, password", [("alice", SECRET), ("bob", CRYPT)])
@pytest.mark.parametrize("tls", [True, False])
def test_smtplib(server, name, password, tls):
    with smtplib.SMTP("localhost" if tls else "127.0.0.1", server.port, timeout=30) as client:
        if tls:
            client.starttls(context=trust())
        client.login(name, password)
        id = submit(client)
    assert f"with ESMTP{'S' if tls else ''}A" in server.arrived(id).content.decode()
    server.wait_log("login", user=name)


def test_without_a_login(server):
    with Talk(server.port) as talk:
        talk.starts()
        assert talk.say("MAIL FROM:<a@x.example>").startswith("530 5.7.0 ")
        assert talk.say("HELP").startswith("214 ")


@pytest.mark.parametrize("name", ["alice", "bob", "nobody"])
def test_guesses_are_slow_and_few(server, name):
    with Talk(server.port) as talk:
        talk.starts()
        for _ in range(3):
            began = time.monotonic()
            assert talk.say("AUTH PLAIN " + plain(name, "guess")).startswith("535 5.7.8 ")
            assert time.monotonic() - began > 0.9
        assert talk.reply().startswith("421 4.7.0 ")
        assert talk.is_over()
    server.wait_log("login_failed", user=name, n=3)


def test_many_logins_hold_up_nobody(server):
    """Dozens of passwords are checked while another client is served step by step."""
    def log_in(_):
        with Talk(server.port, timeout=60) as talk:
            talk.starts()
            return talk.say("AUTH PLAIN " + plain("bob", CRYPT))

    with concurrent.futures.ThreadPoolExecutor(40) as pool, Talk(server.port) as other:
        logins = pool.map(log_in, range(40))
        other.starts()
        for _ in range(50):
            began = time.monotonic()
            assert other.say("NOOP").startswith("250")
            assert time.monotonic() - began < 5
        assert all(reply.startswith("235 2.7.0") for reply in logins)


@pytest.mark.parametrize("pace", ["line", "packet", "octets"])
def test_paces(server, pace):
    said = b"AUTH LOGIN\r\n" + base64.b64encode(b"alice") + b"\r\n" + base64.b64encode(SECRET.encode()) + b"\r\n"
    with Talk(server.port) as talk:
        talk.starts()
        if pace == "packet":
            talk.send(said + b"MAIL FROM:<a@x.example>\r\n")
        elif pace == "octets":
            for octet in said + b"MAIL FROM:<a@x.example>\r\n":
                talk.send(bytes([octet]))
        for line in said.split(b"\r\n")[:-1] + [b"MAIL FROM:<a@x.example>"]:
            if pace == "line":
                talk.send(line + b"\r\n")
        assert [talk.reply()[:3] for _ in range(4)] == ["334", "334", "235", "250"]


def test_users_change_with_a_reload(server):
    users = server.dir / "users"
    before = users.read_text()
    users.write_text(before + entry("carol", "of carol"))
    server.reload()
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
        client.login("carol", "of carol")
        users.write_text("carol\n")
        server.process.send_signal(1)
        assert "line 1: not NAME:HASH" in server.wait_log("reload_refused")["why"]
        submit(client)
    users.write_text(before)
    server.reload()
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client, pytest.raises(smtplib.SMTPAuthenticationError):
        client.login("carol", "of carol")


def test_passwd_on_a_terminal():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(POSTERNCTL, [POSTERNCTL, "passwd", "dave"])
    said = b""
    for prompt in (b"Password: ", b"Again: "):
        while prompt not in said:
            said += os.read(terminal, 1000)
        os.write(terminal, b"of dave\n")
    try:
        while b"dave:SCRAM" not in said or not said.endswith(b"\n"):
            said += os.read(terminal, 1000)
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert re.search(rb"dave:SCRAM-SHA-256\$20000:[^$]+\$[^:]+:\S+=", said)
    assert b"of dave" not in said


@pytest.mark.parametrize("argv, text", [([], "x"), (["a:b"], "x"), (["a", "b"], "x"), (["a"], ""), (["a"], "\n"),
                                        (["a"], "x" * 1100)])
def test_passwd_refuses(argv, text):
    done = subprocess.run([POSTERNCTL, "passwd", *argv], input=text, capture_output=True, text=True, timeout=30)
    assert done.returncode in (64, 65) and done.stdout == ""


# Clients of others


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_curl(server, mechanism, tmp_path):
    mail = tmp_path / "mail"
    mail.write_bytes(b"From: a@x.example\r\nSubject: curl\r\n\r\nHello\r\n")
    seen = len(server.log("login", mechanism=mechanism))
    subprocess.run(["curl", "-sS", "--ssl-reqd", "--cacert", certificates() / "ca.pem", f"smtp://localhost:{server.port}",
                    "--login-options", f"AUTH={mechanism}", "--user", f"alice:{SECRET}", "--mail-from", "a@x.example",
                    "--mail-rcpt", "b@y.example", "-T", mail], check=True, timeout=30)
    server.wait_log("login", mechanism=mechanism, n=seen + 1)


@pytest.mark.parametrize("mechanism", ["plain", "login", "scram-sha-256"])
@pytest.mark.parametrize("password", [SECRET, "wrong"])
def test_msmtp(server, mechanism, password):
    done = subprocess.run(["msmtp", "--host=localhost", f"--port={server.port}", "--tls=on", "--tls-starttls=on",
                           f"--tls-trust-file={certificates() / 'ca.pem'}", f"--auth={mechanism}", "--user=alice",
                           f"--passwordeval=echo {password}", "--from=a@x.example", "b@y.example"],
                          input=b"Subject: msmtp\n\nHello\n", timeout=30)
    assert (done.returncode == 0) == (password == SECRET)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks(server, mechanism):
    subprocess.run(["swaks", "--server", "localhost", "--port", str(server.port), "--tls", "--auth", mechanism,
                    "--auth-user", "bob", "--auth-password", CRYPT, "--from", "a@x.example", "--to", "b@y.example"],
                   check=True, timeout=60, capture_output=True)
