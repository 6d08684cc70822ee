# SPDX-License-Identifier: ISC
"""TLS towards clients: STARTTLS, TLS from the start, versions, reloads, and what is not let through."""

import re
import shutil
import smtplib
import socket
import ssl
import subprocess

import pytest
from postern import Postern, free_port, submit, wait_until
from provider import Provider, certificates
from talk import Talk


def trust(least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(cafile=certificates() / "ca.pem")
    context.minimum_version, context.maximum_version = least, most
    return context


def shown(name="good"):
    return {"tls_cert_file": certificates() / f"{name}.pem", "tls_key_file": certificates() / f"{name}.key"}


@pytest.fixture(scope="module")
def server():
    """A listener with STARTTLS; another, at .secure, with TLS from the start."""
    secure = free_port()
    with Provider() as provider, Postern(provider) as postern:
        local = postern.settings["listen"]["local"]
        postern.set(listen={"local": dict(local, **shown()),
                            "secure": dict(local, port=secure, tls="implicit", **shown())})
        postern.reload()
        postern.secure = secure
        yield postern


def received(postern, id):
    return postern.arrived(id).content.split(b"\r\n\r\n")[0].decode()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("implicit", [False, True])
def test_a_message(server, version, implicit):
    context = trust(version, version)
    with smtplib.SMTP_SSL("localhost", server.secure, context=context, timeout=30) if implicit \
            else smtplib.SMTP("localhost", server.port, timeout=30) as client:
        if not implicit:
            client.starttls(context=context)
        id = submit(client)
        assert "starttls" not in client.esmtp_features
    assert re.search(r"by relay.example with ESMTPS \(TLSv1\.[23] \S+\) id " + id, received(server, id))


def test_ehlo_is_said_again(server):
    with Talk(server.port) as talk:
        talk.starts()
        assert talk.say("STARTTLS").startswith("220 2.0.0 ")
        talk.sock = trust().wrap_socket(talk.sock, server_hostname="localhost")
        assert talk.say("MAIL FROM:<a@x.example>").startswith("503 5.5.1 ")
        assert "STARTTLS" not in talk.say("EHLO c.example")
        assert talk.say("STARTTLS").startswith("503 5.5.1 ")
        assert talk.say("MAIL FROM:<a@x.example>").startswith("250 2.1.0 ")


@pytest.mark.parametrize("behind", [b"NOOP\r\n", b"MAIL FROM:<evil@x.example>\r\nRCPT", b"x", b"\r\n"])
def test_injected_plaintext_ends_the_session(server, behind):
    seen = len(server.log("session_injection"))
    with Talk(server.port) as talk:
        talk.starts()
        talk.send(b"STARTTLS\r\n" + behind)
        assert talk.reply().startswith("421 4.7.0 ")
        assert talk.is_over()
    server.wait_log("session_injection", n=seen + 1)


def test_a_line_octet_by_octet(server):
    with Talk(server.port) as talk:
        talk.starts()
        for octet in b"STARTTLS\r\n":
            talk.send(bytes([octet]))
        assert talk.reply().startswith("220 ")
        with trust().wrap_socket(talk.sock, server_hostname="localhost") as talk.sock:
            for octet in b"EHLO c.example\r\n":
                talk.send(bytes([octet]))
            assert talk.reply().startswith("250")


@pytest.mark.parametrize("port", ["port", "secure"])
def test_no_tls_where_tls_should_be(server, port):
    seen = len(server.log("tls_failed"))
    with Talk(getattr(server, port)) as talk:
        if port == "port":
            talk.starts()
            talk.say("STARTTLS")
        talk.send(b"EHLO c.example\r\n" * 20)
        try:
            while talk.sock.recv(4096):
                pass
        except ConnectionResetError:
            pass
    server.wait_log("tls_failed", n=seen + 1)
    server.send()


def test_silent_handshakes_hold_up_nobody(server):
    silent = [socket.create_connection(("127.0.0.1", server.secure)) for _ in range(20)]
    server.send()
    for sock in silent:
        sock.close()


def test_who_never_shakes_hands_counts_and_is_let_go():
    limits = {"idle": "1s", "connections": 2}
    with Provider() as provider, Postern(provider, limits=limits, listen={"tls": "implicit", **shown()}) as postern:
        silent = [socket.create_connection(("127.0.0.1", postern.port)) for _ in range(2)]
        wait_until(lambda: postern.status()["counters"]["clients"] == 2, what="two sessions")
        with Talk(postern.port) as talk:
            assert talk.is_over()
        for sock in silent:
            assert sock.recv(100) == b""
            sock.close()
        with smtplib.SMTP_SSL("localhost", postern.port, context=trust(), timeout=30) as client:
            submit(client)


def test_a_reload_shows_the_new_certificate_and_keeps_sessions():
    with Provider() as provider, Postern(provider) as postern:
        cert, key = postern.dir / "cert.pem", postern.dir / "key.pem"

        def install(name):
            shutil.copy(certificates() / f"{name}.pem", cert)
            shutil.copy(certificates() / f"{name}.key", key)
            key.chmod(0o600)

        def serial():
            with smtplib.SMTP("localhost", postern.port, timeout=30) as client:
                context = ssl._create_unverified_context()
                client.starttls(context=context)
                return client.sock.getpeercert(True)

        install("good")
        postern.set(listen={"tls_cert_file": cert, "tls_key_file": key})
        postern.reload()
        old = serial()
        with smtplib.SMTP("localhost", postern.port, timeout=30) as client:
            client.starttls(context=trust())
            install("wrong-name")
            postern.reload()
            assert serial() != old
            submit(client)
        key.write_text("nonsense\n")
        postern.process.send_signal(1)
        assert "no private key" in postern.wait_log("reload_refused")["why"]
        assert serial() != old
        postern.send()
        install("good")


def test_a_restarted_worker_still_has_its_certificate(server):
    server.wait_restart("listener", server.kill("listener"))

    def works():
        try:
            with smtplib.SMTP("localhost", server.port, timeout=30) as client:
                return client.starttls(context=trust())[0] == 220
        except OSError:
            return False

    wait_until(works, 30, "TLS by the new worker")


def test_an_old_printer():
    with Provider() as provider, Postern(provider, listen={"tls_min": "1.0", **shown()}) as postern:
        assert "TLS 1.0 or 1.1" in postern.wait_log("listener_warning")["why"]
        context = trust(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with smtplib.SMTP("localhost", postern.port, timeout=30) as client:
            client.starttls(context=context)
            assert client.sock.version() == "TLSv1"
            id = submit(client)
        assert "with ESMTPS (TLSv1 " in received(postern, id)
        done = subprocess.run(["openssl", "s_client", "-quiet", "-tls1", "-cipher", "DEFAULT:@SECLEVEL=0", "-starttls", "smtp",
                               "-CAfile", certificates() / "ca.pem", "-connect", f"localhost:{postern.port}"],
                              input=b"QUIT\r\n", capture_output=True, timeout=30)
        assert b"221 2.0.0 " in done.stdout, done


def test_an_old_version_is_refused(server):
    context = trust(ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with smtplib.SMTP("localhost", server.port, timeout=30) as client, pytest.raises(ssl.SSLError):
        client.starttls(context=context)


@pytest.mark.parametrize("settings, status, words", [
    ({}, 0, "OK"),
    ({"name": "expired"}, 0, 'listen "local": the certificate expired '),
    ({"tls_min": "1.1"}, 0, 'listen "local": tls_min allows TLS 1.0 or 1.1'),
    ({"tls_cert_file": "/nowhere"}, 78, "tls_cert_file = /nowhere: No such file"),
    ({"name": "good", "key": "expired"}, 78, "is not the key of the certificate"),
    ({"mode": 0o644}, 78, "chmod 600"),
])
def test_a_config_is_checked(settings, status, words):
    with Provider() as provider, Postern(provider) as postern:
        settings = dict(settings)
        name = settings.pop("name", "good")
        key = postern.dir / "key.pem"
        shutil.copy(certificates() / f"{settings.pop('key', name)}.key", key)
        key.chmod(settings.pop("mode", 0o600))
        postern.set(listen=dict(shown(name), tls_key_file=key, **settings))
        checked = postern.run("-t")
        assert (checked.returncode, words in checked.stdout + checked.stderr) == (status, True), checked


# Clients of others


@pytest.mark.parametrize("implicit", [False, True])
def test_openssl(server, implicit):
    how = ["-connect", f"localhost:{server.secure}"] if implicit \
        else ["-starttls", "smtp", "-connect", f"localhost:{server.port}"]
    done = subprocess.run(["openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", certificates() / "ca.pem",
                           "-verify_hostname", "localhost", *how], input=b"QUIT\r\n", capture_output=True, timeout=30)
    assert b"221 2.0.0 " in done.stdout, done


@pytest.mark.parametrize("implicit", [False, True])
def test_curl(server, implicit, tmp_path):
    mail = tmp_path / "mail"
    mail.write_bytes(b"From: a@x.example\r\nSubject: curl\r\n\r\nHello\r\n")
    url = f"smtps://localhost:{server.secure}" if implicit else f"smtp://localhost:{server.port}"
    subprocess.run(["curl", "-sS", "--ssl-reqd", "--cacert", certificates() / "ca.pem", url, "--mail-from", "a@x.example",
                    "--mail-rcpt", "b@y.example", "-T", mail], check=True, timeout=30)


@pytest.mark.parametrize("implicit", [False, True])
def test_swaks(server, implicit):
    how = ["--tls-on-connect", "--port", str(server.secure)] if implicit else ["--tls", "--port", str(server.port)]
    subprocess.run(["swaks", "--server", "localhost", "--from", "a@x.example", "--to", "b@y.example", "--tls-verify",
                    "--tls-ca-path", certificates() / "ca.pem", *how], check=True, timeout=60, capture_output=True)


@pytest.mark.parametrize("implicit", [False, True])
def test_msmtp(server, implicit):
    port, starttls = (server.secure, "off") if implicit else (server.port, "on")
    subprocess.run(["msmtp", "--host=localhost", f"--port={port}", "--tls=on", f"--tls-starttls={starttls}",
                    f"--tls-trust-file={certificates() / 'ca.pem'}", "--from=a@x.example", "b@y.example"],
                   input=b"Subject: msmtp\n\nHello\n", check=True, timeout=30)
