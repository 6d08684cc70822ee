# SPDX-License-Identifier: ISC
"""An SMTP client that says exactly the octets it is told to: for conversations that no library would have."""

import re
import socket
import ssl

TRANSACTION = b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n"


class Talk:
    """A connection that was opened, and nothing more."""

    def __init__(self, port, host="127.0.0.1", timeout=20, source=None):
        self.sock = socket.create_connection((host, port), timeout, source_address=source and (source, 0))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def line(self):
        """The next line without CRLF; EOFError at the connection's end."""
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError(self.buffer)
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        assert line.endswith(b"\r"), line
        return line[:-1].decode()

    def reply(self):
        """The next reply as the text of its lines: "250 2.1.0 Ok"."""
        lines = []
        while True:
            lines.append(self.line())
            assert re.match(r"[2-5][0-9][0-9][ -]", lines[-1]), lines
            if lines[-1][3] == " ":
                return "\n".join(lines)

    def say(self, command):
        """Send a line and return its reply."""
        self.send((command if isinstance(command, bytes) else command.encode()) + b"\r\n")
        return self.reply()

    def starts(self, name="client.example"):
        """Greeting and EHLO; returns itself."""
        assert self.reply().startswith("220 ")
        assert self.say("EHLO " + name).startswith("250")
        return self

    def transact(self, content=b"Subject: t\r\n\r\nx\r\n", commands=TRANSACTION):
        """One message, as it is (content ends with CRLF); returns the reply to its end."""
        for command in commands.split(b"\r\n")[:-1]:
            assert self.say(command)[0] in "23"
        self.send(content + b".\r\n")
        return self.reply()

    def is_over(self):
        """Has the server hung up, with nothing more to say?"""
        try:
            return self.buffer == b"" and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


class UnixTalk(Talk):
    """The same over a unix socket."""

    def __init__(self, path, timeout=20):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        self.sock.connect(str(path))
        self.buffer = b""


class Tls:
    """TLS on a connected socket, in place of it: what one sendall() gets is a record.

    step: of so many octets are the packets of its handshake; None: as they come.
    """

    def __init__(self, sock, context, step=None):
        self._sock = sock
        self._step = step
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname="localhost")
        self._do(self._tls.do_handshake)
        self._step = None

    def _flush(self):
        data = self._out.read()
        step = self._step or max(len(data), 1)
        for at in range(0, len(data), step):
            self._sock.sendall(data[at:at + step])

    def _do(self, call, *args):
        while True:
            try:
                result = call(*args)
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                data = self._sock.recv(65536)
                self._in.write(data) if data else self._in.write_eof()

    def sendall(self, data):
        self._do(self._tls.write, data)

    def recv(self, size):
        """b"" after close_notify; an end without it is an error (ssl.SSLEOFError)."""
        try:
            return self._do(self._tls.read, size)
        except ssl.SSLZeroReturnError:
            return b""

    def shutdown(self, how):
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            pass  # its close_notify is still to come
        self._flush()
        self._sock.shutdown(how)

    def close(self):
        self._sock.close()
