# SPDX-License-Identifier: ISC
"""Mail servers that offer PIPELINING and CHUNKING, and are not up to it.

    with OddServer("syncs") as server: ...

A kind is a way to read: what the server does when more has come than it expected (KINDS), or with BDAT.  Without TLS
and without a login: what is odd is the reading.  What was taken stands in `taken`: (sender, recipients, content).
"""

import re
import socket
import threading

# What it says when a command is followed by another one at once; then it hangs up.
GOODBYES = {
    "syncs": "554 5.5.0 SMTP synchronization error",
    "goodbye": "421 4.5.0 improper command pipelining",
    "sequence": "503 5.5.0 Improper use of SMTP command pipelining",
}
# The reply to BDAT, of which it knows no more than its name; the content is read as commands then.
BDATS = {"bdat-500": "500 what", "bdat-502": "502 5.5.1 not implemented", "bdat-503": "503 bad sequence of commands"}
KINDS = [
    *GOODBYES, *BDATS,
    "flushes",  # what follows a command at once is thrown away
    "stalls",   # one line is taken at each read of the socket: what follows waits for the next
    "closes",   # it hangs up without a word
    "counts",   # a second EHLO is refused (503), as nothing forbids
]


class Gone(Exception):
    """The connection is over."""


class Session:
    """One connection."""

    def __init__(self, server, sock):
        self._server = server
        self._kind = server.kind
        self._sock = sock
        self._input = b""
        self._was_greeted = False
        self._forget()

    def _forget(self):
        self._sender, self._rcpts, self._chunks = None, [], b""

    def serve(self):
        self._say("220 odd ESMTP")
        while True:
            line = self._line()
            verb = line.split(" ")[0].upper()
            getattr(self, "_on_" + verb.lower(), self._on_other)(line)
            if self._kind == "flushes":
                self._input = b""
            if self._kind == "stalls" and self._input:
                self._read()

    def _say(self, text):
        self._sock.sendall(text.encode() + b"\r\n")

    def _read(self):
        got = self._sock.recv(65536)
        if not got:
            raise Gone
        self._input += got

    def _line(self):
        while b"\r\n" not in self._input:
            self._read()
        line, self._input = self._input.split(b"\r\n", 1)
        return line.decode("latin-1")

    def _check_sync(self):
        """A command was followed by more."""
        if not self._input:
            return
        if self._kind in GOODBYES:
            self._say(GOODBYES[self._kind])
        if self._kind in GOODBYES or self._kind == "closes":
            raise Gone

    def _on_ehlo(self, _):
        if self._was_greeted and self._kind == "counts":
            self._say("503 5.5.1 You have said EHLO already")
            return
        self._was_greeted = True
        self._forget()
        self._say("\r\n".join(f"250-{word}" for word in ("odd", *self._server.extensions)) + "\r\n250 8BITMIME")

    def _on_mail(self, line):
        self._check_sync()
        self._sender = re.match(r"MAIL FROM:<([^>]*)>", line)[1]
        self._say("250 2.1.0 ok")

    def _on_rcpt(self, line):
        self._check_sync()
        rcpt = re.match(r"RCPT TO:<([^>]*)>", line)[1]
        if self._sender is None:
            self._say("503 5.5.1 MAIL first")
        elif rcpt in self._server.refused:
            self._say("550 5.1.1 no such user")
        else:
            self._rcpts.append(rcpt)
            self._say("250 2.1.5 ok")

    def _on_data(self, _):
        if not self._rcpts:
            self._say("503 5.5.1 RCPT first")
            return
        self._say("354 go on")
        content = b""
        while (line := self._line().encode("latin-1")) != b".":
            content += (line[1:] if line.startswith(b".") else line) + b"\r\n"
        self._take(content)

    def _on_bdat(self, line):
        if self._kind in BDATS:
            self._say(BDATS[self._kind])
            return
        size = int(line.split(" ")[1])
        while len(self._input) < size:
            self._read()
        content, self._input = self._input[:size], self._input[size:]
        if self._rcpts:
            self._take(content)
        else:
            self._say("503 5.5.1 nobody takes it")

    def _take(self, content):
        self._server.taken.append((self._sender, self._rcpts, content))
        self._forget()
        self._say("250 2.0.0 taken")

    def _on_rset(self, _):
        self._forget()
        self._say("250 2.0.0 ok")

    def _on_quit(self, _):
        self._say("221 2.0.0 bye")
        raise Gone

    def _on_other(self, _):
        self._say("500 5.5.2 what")


class OddServer:
    """A server of one of KINDS on self.port; refused: recipients that it does not know."""

    def __init__(self, kind, extensions=("PIPELINING", "CHUNKING"), refused=()):
        self.kind = kind
        self.extensions = extensions
        self.refused = refused
        self.taken = []
        self.connections = 0
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc):
        for sock in [self._listener, *self._open]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _accept(self):
        while True:
            try:
                sock = self._listener.accept()[0]
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            Session(self, sock).serve()
        except (Gone, OSError):
            pass
        sock.close()
