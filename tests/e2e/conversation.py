# SPDX-License-Identifier: ISC
"""Conversations as text (talk/*.talk): what a client says, and what it must be answered.

    == RFC 5321 3.3: DATA needs a recipient
    from mail
    C: DATA
    S: 503 5.5.1

A case begins with `==`, the place in the RFC and a title.  `from` names what was said before (STARTS; else `ehlo`).

    C: text         the client says it, and CRLF
    C+ text         the same without CRLF
    C: [half-close] the client closes its side and goes on reading
    S: 250 2.1.0 x  the reply has this code, this enhanced code, and x (a regular expression) in its text;
                    the last two may be missing; the code is a regular expression too (55.)
    S: 100 x 250    so many replies like this
    S: [closed]     the server hangs up, with nothing more to say
    S: [gone]       the server hangs up, whatever it says before
    TLS             the client shakes hands; what follows goes in records
    SCRAM a b       AUTH SCRAM-SHA-256 as user a with password b, up to the client's proof
    => rcpt a b     the message that was accepted last arrives for these recipients
    => from a       ... from this sender
    => body text    ... with exactly this body, less its last CRLF
    => header x     ... with x (a regular expression) in its header

In what is said \\r \\n \\t \\0 \\s \\\\ and \\xNN mean an octet, and {text * 1000} means so many of it.
`ways` names the WAYS in which the case is said, where it is not all; `source` the client's address.
Lines before the first case: comments (#), `listen KIND` (LISTENERS; else `plain`) and `server {json}`, the settings of
the posternd to talk to; those of `listen` are for each of its listeners.  $USERS in them is a users_file in which alice (by
a hash) and bob (by a key of SCRAM) have the password "secret", and dörte "pässword".
"""

import json
import pathlib
import re
import ssl
from dataclasses import dataclass, field

from postern import queue_id
from provider import certificates
from scram import Scram
from talk import Talk, Tls, UnixTalk

FOLDER = pathlib.Path(__file__).with_name("talk")
WAYS = ("commands", "packet", "octets")
WRITES_MAX = 2000  # a long conversation goes in pieces, not octet by octet
ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|[rnt0s\\])")
REPEAT = re.compile(r"\{(.*?) \* (\d+)\}")
ESCAPED = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "s": " ", "\\": "\\"}

# Listeners by what a `listen` line calls them: their settings, and what a client does before the greeting.
CERTIFICATE = {"tls_cert_file": "$CERT", "tls_key_file": "$KEY"}
BALANCED = {**CERTIFICATE, "proxy_from": ["127.0.0.1"], "relay_from": ["192.0.2.0/24", "2001:db8::/32", "127.0.0.0/8"]}
HANDSHAKE = [("TLS", "")]
HEADER = [("C+", r"PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\n")]
LISTENERS = {
    "plain": ({}, []),
    "starttls": (CERTIFICATE, []),
    "implicit": ({**CERTIFICATE, "tls": "implicit"}, HANDSHAKE),
    "proxy": (BALANCED, HEADER),
    "proxy-implicit": ({**BALANCED, "tls": "implicit"}, HEADER + HANDSHAKE),
    "unix": ({"address": "$DIR/run/smtp.sock", "port": None}, []),
}

GREETED = [("S", "220")]
EHLO = [("C:", "EHLO client.example"), ("S", "250")]
MAIL = GREETED + EHLO + [("C:", "MAIL FROM:<a@x.example>"), ("S", "250 2.1.0")]
RCPT = MAIL + [("C:", "RCPT TO:<b@y.example>"), ("S", "250 2.1.5")]
SECURED = GREETED + EHLO + [("C:", "STARTTLS"), ("S", "220 2.0.0")] + HANDSHAKE
STARTS = {
    "connect": [],
    "greeting": GREETED,
    "helo": GREETED + [("C:", "HELO client.example"), ("S", "250")],
    "ehlo": GREETED + EHLO,
    "mail": MAIL,
    "rcpt": RCPT,
    "data": RCPT + [("C:", "DATA"), ("S", "354")],
    "login": GREETED + EHLO + [("C:", "AUTH PLAIN AGFsaWNlAHNlY3JldA=="), ("S", "235 2.7.0")],
    "secured": SECURED,
    "tls": SECURED + EHLO,
}
NOTHING = "nothing"  # a start as well: not even what a client does before the greeting
ALONE = ("TLS", "SCRAM")  # these go on from what the server has said


def octets(text):
    """What stands in the file as what goes over the wire."""
    def escaped(word):
        return bytes([int(word[1:], 16)]) if word[0] == "x" else ESCAPED[word].encode()

    parts = ESCAPE.split(REPEAT.sub(lambda m: m[1] * int(m[2]), text))  # every other one is an escape
    return b"".join(escaped(part) if i % 2 else part.encode() for i, part in enumerate(parts))


@dataclass
class Case:
    """One conversation: steps are (kind, text), kind one of C: C+ S => TLS SCRAM."""

    place: str  # "RFC 5321 3.3"
    title: str
    start: str = "ehlo"
    ways: tuple = WAYS
    source: str = None
    steps: list = field(default_factory=list)

    def all_steps(self, opening):
        return self.steps if self.start == NOTHING else opening + STARTS[self.start] + self.steps


@dataclass
class Script:
    """One file."""

    name: str
    cases: list
    server: dict = field(default_factory=dict)
    listener: str = "plain"


def read(path):
    """Parse a file; ValueError names the line that is wrong."""
    script = Script(path.stem, [])
    for number, line in enumerate(path.read_text().split("\n"), 1):
        kind, _, text = line.partition(" ")
        if line == "" or kind.startswith("#"):
            continue
        if kind == "==":
            place, _, title = text.partition(": ")
            script.cases.append(Case(place, title))
        elif not (_take_line(script.cases[-1], kind, text) if script.cases else _take_head(script, kind, text)):
            raise ValueError(f"{path.name}:{number}: {line!r}")
    return script


def _take_head(script, kind, text):
    """Whether the line was one before the first case."""
    if kind == "server":
        script.server = json.loads(text)
    elif kind == "listen" and text in LISTENERS:
        script.listener = text
    else:
        return False
    return True


def _take_line(case, kind, text):
    """Whether the line was one of a case."""
    if kind == "from" and (text in STARTS or text == NOTHING):
        case.start = text
    elif kind == "source":
        case.source = text
    elif kind == "ways" and set(text.split()) <= set(WAYS):
        case.ways = tuple(text.split())
    elif kind in ("C:", "C+", "S:", "=>", *ALONE):
        case.steps.append((kind.replace("S:", "S"), text))
    else:
        return False
    return True


def scripts():
    return [read(path) for path in sorted(FOLDER.glob("*.talk"))]


class Conversation:
    """One case of a script on one connection.  way: what one write carries (WAYS), and under TLS one record."""

    def __init__(self, postern, script, case, way):
        self._postern = postern
        self._listener = script.listener
        self._case = case
        self._way = way
        self._talk = None
        self._queued = None
        self._message = None

    def run(self):
        with self._connect() as self._talk:
            for part in self._parts():
                self._say_all([self._wire(kind, text) for kind, text in part if kind[0] == "C"])
                for kind, text in part:
                    if kind[0] != "C":
                        self._hear(kind, text)

    def _connect(self):
        listen = self._postern.settings["listen"][self._listener]
        if listen.get("port") is None:
            return UnixTalk(listen["address"])
        return Talk(listen["port"], source=self._case.source)

    def _parts(self):
        """The steps, by what is said before any of the replies is heard."""
        part = []
        for step in self._case.all_steps(LISTENERS[self._listener][1]):
            if part and (self._way == "commands" or step[0] in ALONE or part[-1][0] in ALONE):
                yield part
                part = []
            part.append(step)
        yield part

    @staticmethod
    def _wire(kind, text):
        """The octets of a client's step; None: it closes its side."""
        if text == "[half-close]":
            return None
        return octets(text) + (b"\r\n" if kind == "C:" else b"")

    def _say_all(self, wires):
        said = b"".join(wire for wire in wires if wire is not None)
        step = -(-len(said) // WRITES_MAX) if self._way == "octets" else len(said)
        for at in range(0, len(said), max(step, 1)):
            self._say(said[at:at + step])
        if None in wires:
            self._say(None)

    def _say(self, wire):
        try:
            if wire is None:
                self._talk.sock.shutdown(1)
            else:
                self._talk.send(wire)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what was answered before tells

    def _hear(self, kind, text):
        if kind == "TLS":
            self._secure()
        elif kind == "SCRAM":
            self._prove(*text.split(" "))
        elif kind == "=>":
            what, _, wanted = text.partition(" ")
            getattr(self, "_check_" + what)(self._arrived(), wanted)
        elif text == "[closed]":
            assert self._talk.is_over(), f"more than was expected: {self._talk.buffer}"
        elif text == "[gone]":
            self._hear_out()
        else:
            times, wanted = re.fullmatch(r"(?:(\d+) x )?(.+)", text).groups()
            for _ in range(int(times or 1)):
                self._check_reply(wanted, self._talk.reply())

    def _secure(self):
        context = ssl.create_default_context(cafile=certificates() / "ca.pem")
        self._talk.sock = Tls(self._talk.sock, context, 1 if self._way == "octets" else None)

    def _prove(self, name, password):
        scram = Scram(name, password)
        self._say_all([f"AUTH SCRAM-SHA-256 {scram.first()}\r\n".encode()])
        challenge = self._talk.reply()
        assert challenge.startswith("334 "), challenge
        self._say_all([scram.final(challenge[4:]).encode() + b"\r\n"])

    def _hear_out(self):
        try:
            while self._talk.sock.recv(65536):
                pass
        except (ConnectionResetError, ssl.SSLError):
            pass

    def _check_reply(self, wanted, got):
        code, enhanced, pattern = re.fullmatch(r"(\S+)(?: ([245]\.\d+\.\d+))?(?: (.+))?", wanted).groups()
        text = "\n".join(line[4:] for line in got.split("\n"))
        assert re.fullmatch(code, got[:3]), f"expected {wanted}, got {got}"
        assert enhanced is None or text.startswith(enhanced + " "), f"expected {wanted}, got {got}"
        assert pattern is None or re.search(pattern, text), f"expected {wanted}, got {got}"
        if " queued as " in got:
            self._queued, self._message = queue_id(got), None

    def _arrived(self):
        if self._message is None:
            self._message = self._postern.arrived(self._queued)
        return self._message

    @staticmethod
    def _check_rcpt(message, wanted):
        assert message.rcpts == wanted.split()

    @staticmethod
    def _check_from(message, wanted):
        assert message.mail_from == ("" if wanted == "<>" else wanted)

    @staticmethod
    def _check_body(message, wanted):
        assert message.content.split(b"\r\n\r\n", 1)[1] == octets(wanted) + b"\r\n"

    @staticmethod
    def _check_header(message, wanted):
        header = message.content.split(b"\r\n\r\n", 1)[0].decode()
        assert re.search(wanted, header), header
