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
    => rcpt a b     the message that was accepted last arrives for these recipients
    => from a       ... from this sender
    => body text    ... with exactly this body, less its last CRLF
    => header x     ... with x (a regular expression) in its header

In what is said \\r \\n \\t \\0 \\s \\\\ and \\xNN mean an octet, and {text * 1000} means so many of it.
Lines before the first case: comments (#) and `server {json}`, the settings of the posternd to talk to;
$USERS in them is a users_file in which alice has the password "secret".
"""

import json
import pathlib
import re
from dataclasses import dataclass, field

from postern import queue_id
from talk import Talk

FOLDER = pathlib.Path(__file__).with_name("talk")
WAYS = ("commands", "packet", "octets")
WRITES_MAX = 2000  # a long conversation goes in pieces, not octet by octet
ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|[rnt0s\\])")
REPEAT = re.compile(r"\{(.*?) \* (\d+)\}")
ESCAPED = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "s": " ", "\\": "\\"}

GREETED = [("S", "220")]
EHLO = GREETED + [("C:", "EHLO client.example"), ("S", "250")]
MAIL = EHLO + [("C:", "MAIL FROM:<a@x.example>"), ("S", "250 2.1.0")]
RCPT = MAIL + [("C:", "RCPT TO:<b@y.example>"), ("S", "250 2.1.5")]
STARTS = {
    "connect": [],
    "greeting": GREETED,
    "helo": GREETED + [("C:", "HELO client.example"), ("S", "250")],
    "ehlo": EHLO,
    "mail": MAIL,
    "rcpt": RCPT,
    "data": RCPT + [("C:", "DATA"), ("S", "354")],
}


def octets(text):
    """What stands in the file as what goes over the wire."""
    def escaped(word):
        return bytes([int(word[1:], 16)]) if word[0] == "x" else ESCAPED[word].encode()

    parts = ESCAPE.split(REPEAT.sub(lambda m: m[1] * int(m[2]), text))  # every other one is an escape
    return b"".join(escaped(part) if i % 2 else part.encode() for i, part in enumerate(parts))


@dataclass
class Case:
    """One conversation: steps are (kind, text), kind one of C: C+ S =>."""

    place: str  # "RFC 5321 3.3"
    title: str
    start: str = "ehlo"
    steps: list = field(default_factory=list)

    def all_steps(self):
        return STARTS[self.start] + self.steps


@dataclass
class Script:
    """One file."""

    name: str
    server: dict
    cases: list


def read(path):
    """Parse a file; ValueError names the line that is wrong."""
    script = Script(path.stem, {}, [])
    for number, line in enumerate(path.read_text().split("\n"), 1):
        kind, _, text = line.partition(" ")
        if line == "" or kind.startswith("#"):
            continue
        if kind == "==":
            place, _, title = text.partition(": ")
            script.cases.append(Case(place, title))
        elif kind == "server" and not script.cases:
            script.server = json.loads(text)
        elif kind == "from" and script.cases and text in STARTS:
            script.cases[-1].start = text
        elif kind in ("C:", "C+", "S:", "=>") and script.cases:
            script.cases[-1].steps.append((kind.replace("S:", "S"), text))
        else:
            raise ValueError(f"{path.name}:{number}: {line!r}")
    return script


def scripts():
    return [read(path) for path in sorted(FOLDER.glob("*.talk"))]


class Conversation:
    """One case on one connection.  way: what one write carries (WAYS)."""

    def __init__(self, postern, case, way):
        self._postern = postern
        self._case = case
        self._way = way
        self._talk = None
        self._queued = None
        self._message = None

    def run(self):
        steps = self._case.all_steps()
        with Talk(self._postern.port) as self._talk:
            if self._way == "commands":
                for kind, text in steps:
                    self._hear(kind, text) if kind in ("S", "=>") else self._say(self._wire(kind, text))
            else:
                self._say_all([self._wire(kind, text) for kind, text in steps if kind[0] == "C"])
                for kind, text in steps:
                    if kind in ("S", "=>"):
                        self._hear(kind, text)

    @staticmethod
    def _wire(kind, text):
        """The octets of a client's step; None: it closes its side."""
        if text == "[half-close]":
            return None
        return octets(text) + (b"\r\n" if kind == "C:" else b"")

    def _say_all(self, wires):
        said = b"".join(wire for wire in wires if wire is not None)
        step = len(said) if self._way == "packet" else -(-len(said) // WRITES_MAX)
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
        if kind == "=>":
            what, _, wanted = text.partition(" ")
            getattr(self, "_check_" + what)(self._arrived(), wanted)
        elif text == "[closed]":
            assert self._talk.is_over(), f"more than was expected: {self._talk.buffer}"
        else:
            times, wanted = re.fullmatch(r"(?:(\d+) x )?(.+)", text).groups()
            for _ in range(int(times or 1)):
                self._check_reply(wanted, self._talk.reply())

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
