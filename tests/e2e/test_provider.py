# SPDX-License-Identifier: ISC
"""The test provider itself: what other tests take its word for."""

import base64
import json
import random
import re
import smtplib
import socket
import ssl
import struct
import subprocess
import time

import pytest
from provider import PROGRAM, Provider, certificates, wait_until

LOGIN = b"AUTH PLAIN " + base64.b64encode(b"\0user\0secret") + b"\r\n"
ENVELOPE = b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\n"
CONTENT = b"Subject: test\r\nMessage-ID: <1@x.example>\r\nX-Test-Id: t1\r\n\r\nHello\r\n"


class Talk:
    """An SMTP client that says exactly the octets it is given."""

    def __init__(self, port, host="127.0.0.1", timeout=10):
        self.sock = socket.create_connection((host, port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()

    def tls(self, host="localhost"):
        context = ssl.create_default_context(cafile=certificates() / "ca.pem")
        self.sock = context.wrap_socket(self.sock, server_hostname=host)
        return self

    def send(self, data):
        self.sock.sendall(data)

    def line(self):
        """The next line without CRLF; EOFError at the connection's end."""
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        assert line.endswith(b"\r"), line
        return line[:-1]

    def reply(self):
        """The next reply: its code, and its lines' texts."""
        texts = []
        while True:
            line = self.line()
            assert re.match(rb"[2-5][0-9][0-9][ -]", line), line
            texts.append(line[4:].decode())
            if line[3:4] == b" ":
                return int(line[:3]), texts

    def say(self, data):
        self.send(data)
        return self.reply()

    def code(self, data):
        return self.say(data)[0]

    def starts(self):
        """Greeting and EHLO."""
        assert self.reply()[0] == 220
        assert self.code(b"EHLO client.example\r\n") == 250
        return self

    def is_over(self):
        """Has the provider hung up, with nothing more to say?"""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def is_silent(self, seconds=0.3):
        if self.buffer:
            return False
        self.sock.settimeout(seconds)
        try:
            self.buffer += self.sock.recv(65536)
            return False
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(10)


def dial(provider, kind="implicit"):
    """Connected, greeted and logged in, over one of the ports."""
    talk = Talk(provider.ports[kind])
    if kind == "implicit":
        talk.tls()
    talk.starts()
    if kind == "starttls":
        assert talk.code(b"STARTTLS\r\n") == 220
        talk.tls()
        assert talk.code(b"EHLO client.example\r\n") == 250
    if kind != "plain":
        assert talk.code(LOGIN) == 235
    return talk


def send_message(talk, content=CONTENT):
    """One transaction; the code of the last reply."""
    for command in ENVELOPE.splitlines(keepends=True):
        assert talk.code(command) == 250
    assert talk.code(b"DATA\r\n") == 354
    return talk.code(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")


@pytest.fixture(scope="module")
def shared():
    with Provider(addresses=("127.0.0.1", "::1")) as provider:
        yield provider


@pytest.fixture
def provider(shared):
    """The shared provider, as new."""
    shared.clear_faults()
    for name in ("latency", "rate", "max-connections", "messages-per-connection", "max-recipients"):
        shared.set(name, 0)
    for name in ("PIPELINING", "CHUNKING", "8BITMIME", "DSN", "SMTPUTF8", "SIZE"):
        shared.command("with " + name)
    shared.set("size", 52428800)
    shared.certificate("good")
    shared.drop_all()
    shared.forget_messages()
    shared.reset()
    yield shared
    assert shared.process.poll() is None


# Clients, ports, logins


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("initial", [True, False])
@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_smtplib(provider, host, mechanism, initial, kind):
    context = ssl.create_default_context(cafile=provider.ca_file)
    if kind == "implicit":
        client = smtplib.SMTP_SSL(host, provider.implicit_port, context=context)
    else:
        client = smtplib.SMTP(host, provider.starttls_port)
        client.starttls(context=context)
    with client:
        client.ehlo("client.example")
        client.user, client.password = "user", "secret"
        client.auth(mechanism, getattr(client, "auth_" + mechanism.lower()), initial_response_ok=initial)
        client.sendmail("a@x.example", ["b@y.example", "c@y.example"], CONTENT, mail_options=["BODY=8BITMIME"])
    (message,) = provider.messages()
    assert message.content == CONTENT
    assert message.mail_from == "a@x.example"
    assert message.rcpts == ["b@y.example", "c@y.example"]
    meta = message.meta
    assert meta["mail_params"] == {"BODY": "8BITMIME", "SIZE": str(len(CONTENT))}
    assert (meta["auth_user"], meta["auth_mechanism"], meta["helo"]) == ("user", mechanism, "client.example")
    assert (meta["port"], meta["tls_version"], meta["octets"]) == (kind, "TLSv1.3", len(CONTENT))
    assert provider.stats()["violations"] == 0


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks(provider, kind, mechanism):
    tls = "--tls" if kind == "starttls" else "--tls-on-connect"
    command = ["swaks", "--server", "127.0.0.1", "--port", str(provider.ports[kind]), tls, "--auth", mechanism]
    command += ["--auth-user", "user", "--auth-password", "secret", "--from", "a@x.example", "--to", "b@y.example"]
    subprocess.run(command + ["--header", "X-Test-Id: swaks"], check=True, capture_output=True, timeout=30)
    assert provider.messages()[0].test_id == "swaks"
    assert provider.stats()["violations"] == 0


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_curl(provider, kind, tmp_path):
    file = tmp_path / "message"
    file.write_bytes(CONTENT)
    url = {"starttls": "smtp", "implicit": "smtps"}[kind] + f"://localhost:{provider.ports[kind]}"
    command = ["curl", "-sS", "--ssl-reqd", "--cacert", provider.ca_file, "--user", "user:secret", url]
    command += ["--mail-from", "a@x.example", "--mail-rcpt", "b@y.example", "-T", file]
    subprocess.run(command, check=True, timeout=30)
    assert provider.messages()[0].content == CONTENT
    assert provider.stats()["violations"] == 0


def test_openssl_s_client(provider):
    command = ["openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", provider.ca_file]
    command += ["-verify_hostname", "localhost", "-crlf", "-starttls", "smtp"]
    command += ["-connect", f"127.0.0.1:{provider.starttls_port}"]
    process = subprocess.run(command, input=b"EHLO me\nQUIT\n", capture_output=True, timeout=30)
    assert b"250-AUTH PLAIN LOGIN\r\n" in process.stdout, process


def test_plain_port_without_login():
    with Provider(auth=False) as provider:
        with dial(provider, "plain") as talk:
            assert send_message(talk) == 250
        assert provider.messages()[0].meta["tls_version"] is None
        assert provider.messages()[0].meta["auth_user"] is None


def test_auth_without_tls():
    with Provider("--auth-without-tls", "--mechanisms", "XOAUTH2 LOGIN") as provider, Talk(provider.plain_port) as talk:
        talk.reply()
        assert "AUTH XOAUTH2 LOGIN" in talk.say(b"EHLO me\r\n")[1]
        assert talk.code(LOGIN) == 504
        assert talk.code(b"AUTH XOAUTH2\r\n") == 504
        assert talk.say(b"AUTH LOGIN dXNlcg==\r\n") == (334, ["UGFzc3dvcmQ6"])
        assert talk.code(b"c2VjcmV0\r\n") == 235


def test_offers(provider):
    with Talk(provider.starttls_port) as talk:
        talk.reply()
        assert set(talk.say(b"EHLO me\r\n")[1][1:]) == {"PIPELINING", "SIZE 52428800", "STARTTLS", "ENHANCEDSTATUSCODES",
                                                       "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING", "MT-PRIORITY"}
        assert talk.code(b"STARTTLS\r\n") == 220
        lines = talk.tls().say(b"EHLO me\r\n")[1]
        assert "AUTH PLAIN LOGIN" in lines and "STARTTLS" not in lines
        provider.command("without CHUNKING")
        provider.command("without SIZE")
        assert not {"CHUNKING", "SIZE 52428800"} & set(talk.say(b"EHLO me\r\n")[1])
        assert talk.say(b"HELO me\r\n") == (250, ["provider.test greets me"])


@pytest.mark.parametrize("line", [
    b"\0user\0wrong", b"\0wrong\0secret", b"other\0user\0secret", b"\0user", b"user", b"", b"\0user\0secret\0",
])
def test_wrong_login(provider, line):
    with Talk(provider.implicit_port).tls().starts() as talk:
        assert talk.say(b"AUTH PLAIN " + (base64.b64encode(line) or b"=") + b"\r\n")[0] == 535
        assert talk.code(b"MAIL FROM:<a@x.example>\r\n") == 530
    stats = provider.stats()
    assert (stats["auth_ok"], stats["auth_failed"]) == (0, 1)
    assert stats["violation_kinds"] == {"mail-before-auth": 1}


def test_login_is_cancelled(provider):
    with Talk(provider.implicit_port).tls().starts() as talk:
        assert talk.say(b"AUTH PLAIN\r\n") == (334, [""])
        assert talk.code(b"*\r\n") == 501
        assert talk.code(LOGIN) == 235


def test_secrets_are_not_logged(provider):
    with dial(provider) as talk:
        talk.code(b"QUIT\r\n")
    with Talk(provider.implicit_port).tls().starts() as talk:
        talk.code(b"AUTH LOGIN\r\n")
        talk.code(base64.b64encode(b"user") + b"\r\n")
        talk.code(base64.b64encode(b"secret") + b"\r\n")
    log = provider.log_file.read_text()
    assert "AUTH PLAIN ***" in log
    for secret in (b"secret", b"\0user\0secret"):
        assert base64.b64encode(secret).decode() not in log


# Content


CONTENTS = {
    "empty": b"",
    "dots": b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.a\r\na.\r\n.\r\n",
    "dot first": b".\r\n",
    "no header": b"\r\nbody\r\n",
    "blank lines": b"\r\n\r\n\r\n",
    "long line": b"a" * 998 + b"\r\n." + b"b" * 997 + b"\r\n",
    "large": b"".join(b"%07d and more\r\n" % i for i in range(20000)),
}


@pytest.mark.parametrize("pieces", ["whole", "octets", "random"])
@pytest.mark.parametrize("name", CONTENTS)
def test_capture_is_exact(provider, name, pieces):
    content = CONTENTS[name]
    wire = re.sub(rb"(?m)^\.", b"..", content) + b".\r\n"
    if pieces == "octets" and len(wire) > 5000:
        wire, content = wire[:1024 * 2] + b"\r\n.\r\n", wire[:1024 * 2] + b"\r\n"
    with dial(provider) as talk:
        talk.send(ENVELOPE + b"DATA\r\n")
        assert [talk.reply()[0] for _ in range(3)] == [250, 250, 354]
        rng = random.Random(1)
        while wire:
            n = {"whole": len(wire), "octets": 1, "random": rng.randrange(1, 4000)}[pieces]
            talk.send(wire[:n])
            wire = wire[n:]
        assert talk.reply()[0] == 250
    assert provider.messages()[0].content == content
    assert provider.stats()["violations"] == 0


@pytest.mark.parametrize("content", [
    b"a\n.\nb\r\n", b"a\n.\r\nb\r\n", b"a\r\n.\nb\r\n", b"a\r.\rb\r\n", b"a\r\n\r.\r\nb\r\n", b"a\r\r\n", b"\0\xff\xfe\r\n",
])
def test_only_crlf_dot_crlf_ends(provider, content):
    stuffed = re.sub(rb"(\A|(?<=\r\n))\.", b"..", content)
    with dial(provider) as talk:
        talk.send(ENVELOPE + b"DATA\r\n")
        assert [talk.reply()[0] for _ in range(3)] == [250, 250, 354]
        assert talk.code(stuffed + b".\r\n") == 250
        assert talk.code(b"NOOP\r\n") == 250
    assert provider.messages()[0].content == content
    assert set(provider.stats()["violation_kinds"]) <= {"bare-lf-content", "bare-cr-content", "8bit-undeclared"}
    assert provider.stats()["violations"] > 0


def test_bdat(provider):
    content = CONTENTS["large"] + b".\r\n"
    with dial(provider) as talk:
        talk.send(ENVELOPE + b"BDAT 7\r\nSubject" + b"BDAT 0\r\n" + b"BDAT %d LAST\r\n" % (len(content) - 7) + content[7:])
        talk.send(b"MAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nBDAT 3 LAST\r\na\r\nQUIT\r\n")
        assert [talk.reply()[0] for _ in range(9)] == [250] * 8 + [221]
        assert talk.is_over()
    first, second = provider.messages()
    assert first.content == b"Subject" + content[7:] and first.meta["used_bdat"]
    assert (second.content, second.mail_from, second.rcpts) == (b"a\r\n", "", ["Postmaster"])
    assert provider.stats()["violations"] == 0


def test_bdat_without_recipients(provider):
    with dial(provider) as talk:
        provider.fault("rcpt=reply:550 5.1.1 no such user,rcpt=*@y.example")
        talk.send(ENVELOPE + b"BDAT 5 LAST\r\nabc\r\n" + b"MAIL FROM:<>\r\nRCPT TO:<b@z.example>\r\nBDAT 3 LAST\r\na\r\n")
        assert [talk.reply()[0] for _ in range(6)] == [250, 550, 554, 250, 250, 250]
    assert [message.rcpts for message in provider.messages()] == [["b@z.example"]]
    assert provider.stats()["violations"] == 0


def test_next_envelope_behind_content(provider):
    with dial(provider) as talk:
        talk.send(ENVELOPE + b"DATA\r\n")
        assert [talk.reply()[0] for _ in range(3)] == [250, 250, 354]
        talk.send(CONTENT + b".\r\n" + ENVELOPE + b"DATA\r\n")
        assert [talk.reply()[0] for _ in range(4)] == [250, 250, 250, 354]
        talk.send(CONTENT + b".\r\nQUIT\r\n")
        assert [talk.reply()[0] for _ in range(2)] == [250, 221]
    assert provider.count() == 2
    assert provider.stats()["violations"] == 0


def test_parameters_are_kept(provider):
    with dial(provider) as talk:
        talk.send("MAIL FROM:<ä@x.example> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=a+2Bb SIZE=100\r\n".encode())
        talk.send("RCPT TO:<\"b b\"@[127.0.0.1]> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@y.example\r\n".encode())
        talk.send("BDAT 4 LAST\r\nü\r\n".encode())
        assert [talk.reply()[0] for _ in range(3)] == [250] * 3
    meta = provider.messages()[0].meta
    assert meta["mail_from"] == "ä@x.example"
    assert meta["mail_params"] == {"SMTPUTF8": "", "BODY": "8BITMIME", "RET": "HDRS", "ENVID": "a+2Bb", "SIZE": "100"}
    assert meta["rcpt"] == [{"address": "\"b b\"@[127.0.0.1]",
                             "params": {"NOTIFY": "SUCCESS,DELAY", "ORCPT": "rfc822;b@y.example"}}]
    assert provider.stats()["violations"] == 0


def test_log_tells_of_each_message(provider):
    before = len(provider.events("message"))
    with dial(provider) as talk:
        assert send_message(talk) == 250
    event = provider.events("message")[before]
    assert (event["message_id"], event["test_id"], event["rcpts"]) == ("<1@x.example>", "t1", ["b@y.example"])
    assert event["confirmed"] is True


# Breaches of the protocol: kind -> (the port, what is said)


DATA_TO_CONTENT = ENVELOPE + b"DATA\r\n"
BREACHES = [
    ("bare-lf-command", "implicit", [b"NOOP\n"]),
    ("control-in-command", "implicit", [b"NOOP \x01\r\n"]),
    ("line-too-long", "implicit", [b"NOOP " + b"x" * 600 + b"\r\n"]),
    ("unknown-command", "implicit", [b"XYZZY\r\n"]),
    ("bad-syntax", "implicit", [b"RSET now\r\n"]),
    ("out-of-order", "implicit", [b"RCPT TO:<b@y.example>\r\n"]),
    ("out-of-order", "implicit", [b"MAIL FROM:<>\r\n", b"MAIL FROM:<>\r\n"]),
    ("out-of-order", "implicit", [b"BDAT 1 LAST\r\nx"]),
    ("pipelined-after", "implicit", [b"NOOP\r\nNOOP\r\n"]),
    ("auth-twice", "implicit", [LOGIN]),
    ("bad-address", "implicit", [b"MAIL FROM: <a@x.example>\r\n"]),
    ("bad-address", "implicit", [b"MAIL FROM:a@x.example\r\n"]),
    ("bad-address", "implicit", [b"MAIL FROM:<a b@x.example>\r\n"]),
    ("bad-address", "implicit", [b"MAIL FROM:<a>\r\n"]),
    ("bad-address", "implicit", [b"MAIL FROM:<a@x..example>\r\n"]),
    ("bad-address", "implicit", [b"MAIL FROM:<" + b"a" * 65 + b"@x.example>\r\n"]),
    ("bad-address", "implicit", [b"MAIL FROM:<>\r\n", b"RCPT TO:<>\r\n"]),
    ("utf8-address", "implicit", ["MAIL FROM:<ä@x.example>\r\n".encode()]),
    ("bad-parameter", "implicit", [b"MAIL FROM:<a@x.example> SIZE=x\r\n"]),
    ("bad-parameter", "implicit", [b"MAIL FROM:<a@x.example>SIZE=1\r\n"]),
    ("parameter-unoffered", "implicit", [b"MAIL FROM:<a@x.example> BODY=7BIT HOLDFOR=3\r\n"]),
    ("bare-lf-content", "implicit", [DATA_TO_CONTENT, b"a\nb\r\n.\r\n"]),
    ("bare-cr-content", "implicit", [DATA_TO_CONTENT, b"a\rb\r\n.\r\n"]),
    ("long-line", "implicit", [DATA_TO_CONTENT, b"a" * 999 + b"\r\n.\r\n"]),
    ("dot-stuffing", "implicit", [DATA_TO_CONTENT, b".a\r\n.\r\n"]),
    ("8bit-undeclared", "implicit", [DATA_TO_CONTENT, "ä\r\n.\r\n".encode()]),
    ("no-final-crlf", "implicit", [ENVELOPE + b"BDAT 1 LAST\r\nx"]),
    ("data-after-bdat", "implicit", [ENVELOPE + b"BDAT 1\r\nx", b"DATA\r\n"]),
    ("before-ehlo", "fresh", [b"MAIL FROM:<>\r\n"]),
    ("mail-before-auth", "fresh", [b"EHLO me\r\n", b"MAIL FROM:<>\r\n"]),
    ("auth-without-tls", "fresh", [b"EHLO me\r\n", LOGIN]),
    ("starttls-unoffered", "plain", [b"STARTTLS\r\n"]),
    ("pipelined-after", "fresh", [b"EHLO me\r\n", b"STARTTLS\r\nMAIL FROM:<>\r\n"]),
]


@pytest.mark.parametrize("kind,port,lines", BREACHES, ids=[f"{b[0]}-{i}" for i, b in enumerate(BREACHES)])
def test_breach_is_noted(provider, kind, port, lines):
    with (Talk(provider.starttls_port) if port == "fresh" else dial(provider, port)) as talk:
        if port == "fresh":
            talk.reply()
        assert provider.stats()["violations"] == 0
        for line in lines:
            talk.send(line)
            talk.reply()
        stats = provider.stats()
    assert stats["violation_kinds"] == {kind: 1}
    assert stats["violation_list"][0]["kind"] == kind


def test_content_before_354(provider):
    with dial(provider) as talk:
        provider.set("latency", 400)
        talk.send(ENVELOPE + b"DATA\r\n")
        wait_until(lambda: provider.stats()["commands"].get("DATA"))
        talk.send(CONTENT + b".\r\n")
        assert [talk.reply()[0] for _ in range(4)] == [250, 250, 354, 250]
    assert provider.stats()["violation_kinds"] == {"content-before-354": 1}


def test_early_talker(provider):
    provider.fault("connect=delay:500")
    with Talk(provider.plain_port) as talk:
        assert talk.code(b"NOOP\r\n") == 220
    assert provider.stats()["violation_kinds"] == {"early-talker": 1}


def test_batch_without_pipelining(provider):
    provider.command("without PIPELINING")
    with dial(provider) as talk:
        talk.send(ENVELOPE)
        assert [talk.reply()[0] for _ in range(2)] == [250, 250]
    assert provider.stats()["violation_kinds"] == {"pipelined-unoffered": 1}


@pytest.mark.parametrize("without,line", [
    ("8BITMIME", b"MAIL FROM:<> BODY=8BITMIME\r\n"), ("SIZE", b"MAIL FROM:<> SIZE=1\r\n"),
    ("SMTPUTF8", b"MAIL FROM:<> SMTPUTF8\r\n"), ("DSN", b"MAIL FROM:<> RET=FULL\r\n"),
])
def test_parameter_of_an_extension_that_is_off(provider, without, line):
    provider.command("without " + without)
    with dial(provider) as talk:
        assert talk.code(line) == 555
    assert provider.stats()["violation_kinds"] == {"parameter-unoffered": 1}


def test_bdat_that_is_off(provider):
    provider.command("without CHUNKING")
    with dial(provider) as talk:
        talk.send(ENVELOPE + b"BDAT 6 LAST\r\nQUIT\r\n")
        assert [talk.reply()[0] for _ in range(3)] == [250, 250, 503]
    assert provider.stats()["violation_kinds"] == {"bdat-unoffered": 1}


def test_refused_envelope_excuses_its_pipeline(provider):
    provider.fault("mail=reply:550 5.1.0 no,count=1", "rcpt=reply:550 5.1.1 no,count=1")
    with dial(provider) as talk:
        talk.send(ENVELOPE + b"DATA\r\n")
        assert [talk.reply()[0] for _ in range(3)] == [550, 503, 503]
        talk.send(ENVELOPE + b"DATA\r\n")
        assert [talk.reply()[0] for _ in range(3)] == [250, 550, 554]
    assert provider.stats()["violations"] == 0


# Certificates


@pytest.mark.parametrize("name,trouble", [
    ("expired", "expired"), ("not-yet-valid", "not yet valid"), ("self-signed", "self-signed"),
    ("wrong-name", "not valid for 'localhost'"), ("no-san", "not valid for 'localhost'"), ("unknown-ca", "unable to|signature"),
])
def test_bad_certificate(provider, name, trouble):
    provider.certificate(name)
    with Talk(provider.implicit_port) as talk, pytest.raises(ssl.SSLCertVerificationError, match=trouble):
        talk.tls()
    wait_until(lambda: provider.stats()["tls_failed"] == 1)
    provider.certificate("good")
    dial(provider).sock.close()


def test_wrong_certificate_once(provider):
    provider.fault("tls=wrong-cert,count=1", "tls=wrong-cert:expired,count=1")
    for trouble in ("not valid for", "expired"):
        with Talk(provider.implicit_port) as talk, pytest.raises(ssl.SSLCertVerificationError, match=trouble):
            talk.tls()
    dial(provider, "starttls").sock.close()


def test_certificate_option():
    with Provider("--certificate", "expired") as provider, Talk(provider.implicit_port) as talk:
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            talk.tls()


def test_sessions_are_resumed(provider):
    context = ssl.create_default_context(cafile=provider.ca_file)
    session = None
    for _ in range(2):
        sock = socket.create_connection(("127.0.0.1", provider.implicit_port), 10)
        with context.wrap_socket(sock, server_hostname="localhost", session=session) as tls:
            tls.recv(100)
            session = tls.session
    assert provider.stats()["tls_resumed"] == 1


# Faults


STEPS = {
    "greeting": 220, "ehlo": 250, "starttls": 220, "ehlo2": 250, "auth": 235, "mail": 250, "rcpt": 250, "data": 354, "dot": 250,
    "rset": 250, "noop": 250, "quit": 221,
}


def walk(provider, until):
    """Walk through all steps up to and with `until`; the reply to that one is yet to be read."""
    talk = Talk(provider.starttls_port)
    lines = [
        ("greeting", b""), ("ehlo", b"EHLO me\r\n"), ("starttls", b"STARTTLS\r\n"), ("ehlo2", b"EHLO me\r\n"), ("auth", LOGIN),
        ("rset", b"RSET\r\n"), ("noop", b"NOOP\r\n"), ("mail", b"MAIL FROM:<a@x.example>\r\n"),
        ("rcpt", b"RCPT TO:<b@y.example>\r\n"), ("data", b"DATA\r\n"), ("dot", CONTENT + b".\r\n"), ("quit", b"QUIT\r\n"),
    ]
    for step, line in lines:
        talk.send(line)
        if step == until:
            return talk
        assert talk.reply()[0] == STEPS[step]
        if step == "starttls":
            talk.tls()
    raise AssertionError(until)


@pytest.mark.parametrize("step", STEPS)
def test_fault_reply(provider, step):
    provider.fault(f"{step}=reply:451 4.3.0 try later, please\\nreally,count=1")
    with walk(provider, step) as talk:
        assert talk.reply() == (451, ["4.3.0 try later, please", "really"])
    assert provider.stats()["faults"][0]["fired"] == 1
    assert provider.count() == 0 or step == "quit"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("action", ["close", "rst", "421"])
def test_fault_hang_up(provider, step, action):
    provider.fault(f"{step}={action}")
    try:
        with walk(provider, step) as talk:
            if action == "421":
                assert talk.reply()[0] == 421
            assert talk.is_over()
    except ConnectionResetError:
        assert (step, action) == ("greeting", "rst")
    assert provider.count() == 0 or step == "quit"
    wait_until(lambda: provider.stats()["connections"] == 0)


@pytest.mark.parametrize("step", STEPS)
def test_fault_silence(provider, step):
    provider.fault(f"{step}=silence")
    with walk(provider, step) as talk:
        assert talk.is_silent(0.1)
        talk.send(b"NOOP\r\n")
        assert talk.is_silent(0.1)
    wait_until(lambda: provider.stats()["connections"] == 0)


@pytest.mark.parametrize("step", STEPS)
def test_fault_garbage_and_raw(provider, step):
    provider.fault(f"{step}=garbage,count=1", f"{step}=raw:25\\r\\n\\r\\n2500 x\\r\\n,count=1")
    with walk(provider, step) as talk:
        assert not re.match(rb"[0-9]", talk.line())
    with walk(provider, step) as talk:
        assert [talk.line() for _ in range(3)] == [b"25", b"", b"2500 x"]


@pytest.mark.parametrize("step", STEPS)
def test_fault_slow_and_long(provider, step):
    provider.fault(f"{step}=split,count=1", f"{step}=long,count=1", f"{step}=delay:300,count=1", f"{step}=tarpit:1,count=1")
    with walk(provider, step) as talk:
        first = talk.sock.recv(100)
        assert len(first) == 1
        talk.buffer = first
        assert talk.reply()[0] == STEPS[step]
    with walk(provider, step) as talk:
        code, lines = talk.reply()
        assert code == STEPS[step] and len(lines) >= 100
    began = time.monotonic()
    with walk(provider, step) as talk:
        assert talk.reply()[0] == STEPS[step]
        assert time.monotonic() - began >= 0.3
    with walk(provider, step) as talk:
        assert talk.reply()[0] == STEPS[step]


@pytest.mark.parametrize("action", ["endless", "endless-line"])
def test_fault_endless(provider, action):
    provider.fault(f"mail={action}")
    with walk(provider, "mail") as talk:
        start, octets = time.monotonic(), 0
        while octets < 1000:
            octets += len(talk.sock.recv(65536))
        assert time.monotonic() - start < 5
        assert octets < 100000
    wait_until(lambda: provider.stats()["connections"] == 0)


@pytest.mark.parametrize("kind", ["starttls", "implicit", "plain"])
@pytest.mark.parametrize("action", ["close", "rst", "silence"])
def test_fault_connect(provider, kind, action):
    provider.fault(f"connect={action}")
    try:
        with Talk(provider.ports[kind]) as talk:
            assert talk.is_silent(0.2) if action == "silence" else talk.is_over()
    except ConnectionResetError:
        assert action == "rst"


@pytest.mark.parametrize("action", ["close", "rst", "garbage", "raw:220 hello\\r\\n"])
def test_fault_handshake(provider, action):
    provider.fault(f"tls={action}")
    with pytest.raises((ssl.SSLError, ConnectionError)), Talk(provider.implicit_port) as talk:
        talk.tls()
    with walk(provider, "starttls") as talk:
        assert talk.reply()[0] == 220
        with pytest.raises((ssl.SSLError, ConnectionError)):
            talk.tls()


def test_fault_handshake_never(provider):
    provider.fault("tls=silence,count=1", "tls=delay:100")
    with Talk(provider.implicit_port, timeout=0.3) as talk, pytest.raises(TimeoutError):
        talk.tls()
    dial(provider).sock.close()


@pytest.mark.parametrize("step,action,gone,left", [
    ("ehlo", "no-starttls", "STARTTLS", "PIPELINING"), ("ehlo2", "no-auth", "AUTH PLAIN LOGIN", "PIPELINING"),
    ("ehlo2", "without:chunking", "CHUNKING", "AUTH PLAIN LOGIN"),
])
def test_fault_offer(provider, step, action, gone, left):
    provider.fault(f"{step}={action}")
    with walk(provider, step) as talk:
        lines = talk.reply()[1]
        assert gone not in lines and left in lines
        if action == "no-starttls":
            assert talk.code(b"STARTTLS\r\n") == 502
        if action == "no-auth":
            assert talk.code(LOGIN) == 502
            assert talk.code(b"MAIL FROM:<>\r\n") == 530


def test_fault_tls_plain(provider):
    provider.fault("starttls=tls-plain")
    with walk(provider, "starttls") as talk:
        data = talk.sock.recv(65536)
        assert data.startswith(b"220 ") and b"\r\n250-injected.example\r\n" in data
        talk.tls()
        assert talk.code(b"EHLO me\r\n") == 250


def test_accept_then_close(provider):
    provider.fault("dot=accept-then-close,count=1", "dot=close-before-accept,count=1")
    for _ in range(2):
        with walk(provider, "dot") as talk:
            assert talk.is_over()
        assert provider.count() == 1
    assert provider.events("message")[-1]["confirmed"] is False


@pytest.mark.parametrize("action", ["accept-then-rst", "accept-then-silence", "accept-then-garbage", "accept-then-421",
                                    "accept-then-reply:451 4.3.0 lied", "reply:250 2.6.0 in other words", "delay:10"])
def test_accepted_whatever_is_said(provider, action):
    provider.fault(f"dot={action}")
    with walk(provider, "dot"):
        provider.wait_for(1, 5)


@pytest.mark.parametrize("action", ["reply:354 no", "reply:550 5.7.1 no", "silence", "garbage", "421"])
def test_not_accepted(provider, action):
    provider.fault(f"dot={action}")
    with walk(provider, "dot"):
        wait_until(lambda: provider.stats()["refused_messages"] == 1)
    assert provider.count() == 0


@pytest.mark.parametrize("last", [True, False])
def test_fault_bdat(provider, last):
    provider.fault("bdat=reply:452 4.3.1 full,count=1")
    with dial(provider) as talk:
        talk.send(ENVELOPE + (b"" if last else b"BDAT 2\r\na\n") + b"BDAT 3 LAST\r\nx\r\n" + b"RSET\r\n")
        expected = [250, 250, 452, 250] if last else [250, 250, 452, 503, 250]
        assert [talk.reply()[0] for _ in expected] == expected
        talk.send(ENVELOPE + b"BDAT 3 LAST\r\nx\r\n")
        assert [talk.reply()[0] for _ in range(3)] == [250] * 3
    assert provider.count() == 1


@pytest.mark.parametrize("action, codes", [("twice", [250, 250, 550, 554]), ("omit", [550, 554]), ("swap", [550, 250, 554])])
def test_fault_in_the_order_of_replies(provider, action, codes):
    provider.fault(f"mail={action},count=1", "rcpt=reply:550 5.1.1 no,count=1")
    with dial(provider) as talk:
        talk.send(ENVELOPE + b"BDAT 3 LAST\r\nx\r\n")
        assert [talk.reply()[0] for _ in codes] == codes


@pytest.mark.parametrize("keeps", [True, False])
def test_a_transaction_that_stays_open(keeps):
    with Provider(*["--keep-transaction"] * keeps, "--fault", "rcpt=reply:550 5.1.1 no,count=1") as provider:
        with dial(provider) as talk:
            talk.send(ENVELOPE + b"BDAT 3 LAST\r\nx\r\n" + ENVELOPE + b"BDAT 3 LAST\r\ny\r\n")
            expected = [250, 550, 554, 503 if keeps else 250, 250, 250]
            assert [talk.reply()[0] for _ in expected] == expected


@pytest.mark.parametrize("bdat", [True, False])
@pytest.mark.parametrize("action", ["close", "rst", "421"])
def test_fault_in_content(provider, action, bdat):
    provider.fault(f"content={action},octets=1000")
    with dial(provider) as talk:
        talk.send(ENVELOPE + (b"BDAT 100000 LAST\r\n" if bdat else b"DATA\r\n"))
        assert [talk.reply()[0] for _ in range(2 if bdat else 3)][:2] == [250, 250]
        talk.send(b"x" * 100 + b"\r\n")
        assert talk.is_silent(0.1)
        talk.send(b"x" * 1000)
        if action == "421":
            assert talk.reply()[0] == 421
        assert talk.is_over()
    assert provider.count() == 0


def fill(sock, seconds):
    """Send content until none was taken for so long."""
    sock.setblocking(False)
    deadline = time.monotonic() + 30
    last = time.monotonic()
    while time.monotonic() < last + seconds:
        try:
            sock.send(b"x" * 78 + b"\r\n")
            last = time.monotonic()
            assert last < deadline, "it is still read"
        except (BlockingIOError, ssl.SSLWantWriteError):
            time.sleep(0.01)


@pytest.mark.parametrize("action", ["stall", "tarpit:100"])
def test_fault_content_is_read_no_more(provider, action):
    provider.fault(f"content={action}")
    with walk(provider, "data") as talk:
        assert talk.reply()[0] == 354
        fill(talk.sock, 0.5)
        talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: provider.stats()["connections"] == 0)


def test_fault_content_is_read_slowly(provider):
    provider.fault("content=tarpit:1")
    with dial(provider) as talk:
        start = time.monotonic()
        assert send_message(talk, CONTENTS["long line"] * 3) == 250
        assert 6000 / 64 / 1000 < time.monotonic() - start < 5
    assert provider.messages()[0].content == CONTENTS["long line"] * 3


def test_fault_content_is_read_later(provider):
    provider.fault("content=delay:400")
    with walk(provider, "dot") as talk:
        assert talk.is_silent(0.1)
        assert talk.reply()[0] == 250


def test_turns_of_a_fault(provider):
    def codes(n, rcpt=b"b@y.example"):
        result = []
        for _ in range(n):
            result.append(talk.code(b"RCPT TO:<" + rcpt + b">\r\n"))
        return result

    with dial(provider) as talk:
        assert talk.code(b"MAIL FROM:<a@x.example>\r\n") == 250
        provider.fault("rcpt=reply:451 4.0.0 x,after=1,count=2")
        assert codes(4) == [250, 451, 451, 250]
        provider.clear_faults()
        provider.fault("rcpt=reply:451 4.0.0 x,every=3")
        assert codes(6) == [250, 250, 451, 250, 250, 451]
        provider.clear_faults()
        provider.fault("rcpt=reply:451 4.0.0 x,probability=0.5")
        assert 50 < codes(200).count(451) < 150
        provider.clear_faults()
        provider.fault("rcpt=reply:451 4.0.0 x,rcpt=*@bad.example", "rcpt=reply:452 4.0.0 y,from=other@*")
        assert codes(2) == [250, 250]
        assert codes(1, b"b@bad.example") == [451]
        assert talk.code(b"RSET\r\n") == 250
        assert talk.code(b"MAIL FROM:<other@x.example>\r\n") == 250
        assert codes(1) == [452]


@pytest.mark.parametrize("order", [
    "", "mail", "mail=", "nowhere=close", "mail=fly", "mail=delay", "mail=delay:x", "mail=close:now", "mail=no-starttls",
    "tls=421", "ehlo=without:NOTHING", "mail=close,count=x", "mail=close,probability=2", "content=stall:5", "mail=reply",
])
def test_bad_order(provider, order):
    with pytest.raises(ValueError):
        provider.fault(order)


# Latency, limits, control


def test_latency_delays_but_does_not_throttle(provider):
    with dial(provider) as talk:
        provider.set("latency", 200)
        start = time.monotonic()
        batch = b"MAIL FROM:<>\r\n" + b"RCPT TO:<b@y.example>\r\n" * 500
        talk.send(batch)
        assert {talk.reply()[0] for _ in range(501)} == {250}
        assert 0.19 < time.monotonic() - start < 5


def test_latency_of_a_connection():
    with Provider("--latency", "50") as provider:
        start = time.monotonic()
        dial(provider, "starttls").sock.close()
        assert time.monotonic() - start > 6 * 0.05


def test_rate(provider):
    provider.set("rate", "2/s")
    with dial(provider) as talk:
        codes = [send_message(talk) for _ in range(4)]
        assert codes[:2] == [250, 250] and 454 in codes
        wait_until(lambda: send_message(talk) == 250)


def test_messages_per_connection(provider):
    provider.set("messages-per-connection", 2)
    with dial(provider) as talk:
        assert [send_message(talk) for _ in range(2)] == [250, 250]
        assert talk.code(b"MAIL FROM:<>\r\n") == 421
        assert talk.is_over()


def test_max_connections(provider):
    provider.set("max-connections", 2)
    with dial(provider), dial(provider, "starttls"):
        with Talk(provider.implicit_port).tls() as third:
            assert third.reply() == (421, ["4.7.0 Too many connections"])
    assert provider.stats()["connections_max"] == 3


@pytest.mark.parametrize("value,code", [("3", 452), ("3:552", 552)])
def test_max_recipients(provider, value, code):
    provider.set("max-recipients", value)
    with dial(provider) as talk:
        talk.code(b"MAIL FROM:<>\r\n")
        assert [talk.code(b"RCPT TO:<b@y.example>\r\n") for _ in range(4)] == [250, 250, 250, code]


@pytest.mark.parametrize("declared", [True, False])
def test_size(provider, declared):
    provider.set("size", 1000)
    with dial(provider) as talk:
        if declared:
            assert talk.code(b"MAIL FROM:<> SIZE=1001\r\n") == 552
        else:
            assert send_message(talk, b"x" * 990 + b"\r\n") == 250
            assert send_message(talk, b"x" * 990 + b"\r\n" + b"y" * 10 + b"\r\n") == 552


def test_stop_and_start_listening(provider):
    with dial(provider) as talk:
        provider.stop_listening()
        for kind in ("starttls", "implicit", "plain"):
            with pytest.raises(ConnectionRefusedError):
                Talk(provider.ports[kind])
        assert talk.code(b"NOOP\r\n") == 250
        provider.start_listening()
        dial(provider).sock.close()


def test_drop_all(provider):
    with dial(provider) as one, dial(provider, "starttls") as two:
        assert provider.drop_all() == 2
        assert one.is_over() and two.is_over()


def test_stats(provider):
    with dial(provider) as talk:
        assert send_message(talk) == 250
        talk.code(b"QUIT\r\n")
    with Talk(provider.implicit_port).tls().starts() as talk:
        talk.code(b"AUTH PLAIN eA==\r\n")
    stats = wait_until(lambda: next((s for s in [provider.stats()] if s["connections"] == 0), None))
    expected = {"connections_total": 2, "tls_handshakes": 2, "auth_ok": 1, "auth_failed": 1, "messages": 1, "recipients": 1,
                "bytes": len(CONTENT), "quits": 1, "transactions": 1}
    assert {name: stats[name] for name in expected} == expected
    assert stats["commands"]["EHLO"] == 2
    assert stats["first_message"] == stats["last_message"] > time.time() - 60


def test_client_that_never_reads_is_bounded(provider):
    with dial(provider, "plain") as talk:
        talk.sock.setblocking(False)
        sent, deadline = 0, time.monotonic() + 3
        while time.monotonic() < deadline and sent < 64 << 20:
            try:
                sent += talk.sock.send(b"NOOP\r\n" * 10000)
            except BlockingIOError:
                time.sleep(0.05)
        assert sent < 64 << 20


def test_many_connections(provider):
    talks = [Talk(provider.plain_port) for _ in range(500)]
    assert {talk.reply()[0] for talk in talks} == {220}
    assert provider.stats()["connections"] == 500
    for talk in talks:
        talk.sock.close()
    wait_until(lambda: provider.stats()["connections"] == 0)


def test_restart_keeps_ports_and_mail():
    with Provider() as provider:
        ports = provider.ports
        with dial(provider) as talk:
            assert send_message(talk) == 250
        provider.restart("--fault", "mail=reply:451 4.3.0 no", kill=True)
        assert provider.ports == ports and provider.count() == 1
        with dial(provider) as talk:
            assert talk.code(b"MAIL FROM:<>\r\n") == 451
        assert provider.stop() == 0
        assert json.loads(provider.output.read_text())["transactions"] == 0


def test_exits_by_itself():
    with Provider(exit_after=1) as provider:
        assert provider.process.wait(5) == 0


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
def test_old_tls():
    with Provider("--tls-max", "1.1") as provider:
        with Talk(provider.implicit_port) as talk, pytest.raises(ssl.SSLError):
            talk.tls()
        context = ssl.create_default_context(cafile=provider.ca_file)
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        with Talk(provider.implicit_port) as talk, context.wrap_socket(talk.sock, server_hostname="localhost") as tls:
            assert tls.version() == "TLSv1.1"


@pytest.mark.parametrize("args", [
    [], ["--starttls", "0"], ["--plain", "0"], ["--plain", "x"], ["--plain", "0", "--no-auth", "--maildir", "m", "--discard"],
    ["--plain", "0", "--no-auth", "stray"], ["--plain", "0", "--no-auth", "--fault", "mail=fly"], ["--nonsense"],
    ["--plain", "0", "--no-auth", "--address", "nowhere"],
])
def test_bad_options(args, tmp_path):
    process = subprocess.run([PROGRAM, "--exit-after", "5"] + args, cwd=tmp_path, capture_output=True, timeout=20)
    assert process.returncode in (1, 2) and process.stderr
