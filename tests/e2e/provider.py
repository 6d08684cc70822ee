# SPDX-License-Identifier: ISC
"""The test provider (tests/provider) as a context manager, for the end-to-end tests.

    with Provider("--latency", "50") as provider:
        provider.fault("rcpt=reply:450 4.2.1 later,count=1")
        ...talk to 127.0.0.1:provider.starttls_port, user "user", password "secret"...
        provider.wait_for(1)
        assert provider.messages()[0].rcpts == ["b@example.com"]
        assert provider.stats()["violations"] == 0

The program is taken from the build directory POSTERN_BUILD (default: build in the source tree).
"""

import atexit
import email.parser
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD", SOURCE / "build")).resolve()
PROGRAM = BUILD / "postern-provider"
USER = "user"
PASSWORD = "secret"
PORTS = ("starttls", "implicit", "plain", "control")

_certificates = None


def certificates():
    """The directory of the CA and of all certificates; made once, gone with this process."""
    global _certificates
    if _certificates is None:
        _certificates = pathlib.Path(tempfile.mkdtemp(prefix="postern-ca-"))
        atexit.register(shutil.rmtree, _certificates, ignore_errors=True)
        os.chmod(_certificates, 0o755)
        subprocess.run([PROGRAM, "--make-ca", _certificates], check=True)
    return _certificates


def wait_until(condition, timeout=10, what="the condition"):
    """Wait for a true value of condition() and return it; TimeoutError when it does not come."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true in {timeout} s")
        time.sleep(0.01)


def answers(port):
    """Does anybody take connections there?"""
    try:
        with socket.create_connection(("127.0.0.1", port), 5):
            return True
    except OSError:
        return False


class Message:
    """A captured message: its exact octets and what was said about it."""

    def __init__(self, path, meta):
        self.path = path
        self.meta = meta
        self.content = path.read_bytes()

    @property
    def mail_from(self):
        return self.meta["mail_from"]

    @property
    def rcpts(self):
        return [rcpt["address"] for rcpt in self.meta["rcpt"]]

    def header(self, name):
        """The first header field of that name, unfolded as the email package does it, or None."""
        return email.parser.BytesHeaderParser().parsebytes(self.content)[name]

    @property
    def test_id(self):
        return self.header("X-Test-Id")

    def __repr__(self):
        return f"<Message from={self.mail_from!r} rcpts={self.rcpts!r} octets={len(self.content)}>"


class Provider:
    """One running provider, with STARTTLS, implicit TLS, plain and control ports on 127.0.0.1.

    args: more options of the program.  auth=False: no login is asked for.  capture=False: nothing
    is kept (--discard); messages() is then empty.  addresses: more than one for IPv6, say.
    """

    def __init__(self, *args, auth=True, capture=True, log=True, addresses=("127.0.0.1",), exit_after=900):
        self._own = tempfile.TemporaryDirectory(prefix="postern-provider-")
        self.dir = pathlib.Path(self._own.name)
        self.user = USER
        self.password = PASSWORD
        self.password_file = self.dir / "password"
        self.password_file.write_text(PASSWORD + "\n")
        self.password_file.chmod(0o600)
        self.maildir = self.dir / "maildir"
        self.log_file = self.dir / "log.jsonl"
        self.ca_dir = certificates()
        self.ca_file = self.ca_dir / "ca.pem"
        self.output = self.dir / "output"
        self.ports = dict.fromkeys(PORTS, 0)
        self.process = None
        self._args = ["--ca-dir", self.ca_dir, "--exit-after", str(exit_after), "--accept-report"]
        for address in addresses:
            self._args += ["--address", address]
        self._args += ["--user", USER, "--password-file", self.password_file] if auth else ["--no-auth"]
        self._args += ["--maildir", self.maildir] if capture else ["--discard"]
        self._args += ["--log", self.log_file] if log else []
        self._args += args
        self._control = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *exc):
        status = self.stop()
        output = self.output.read_text()
        self._own.cleanup()
        if status not in (None, 0) and kind is None:
            raise RuntimeError(f"the provider ended with {status}: {output}")

    def start(self):
        ports_file = self.dir / "ports.json"
        ports_file.unlink(missing_ok=True)
        command = [PROGRAM, "--ports-file", ports_file]
        for name in PORTS:
            command += ["--control-port" if name == "control" else "--" + name, str(self.ports[name])]
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(command + self._args, stdout=output, stderr=output)

        def ready():
            if self.process.poll() is not None:
                raise RuntimeError("the provider did not start: " + self.output.read_text())
            return ports_file.exists()

        wait_until(ready, what="the provider's start")
        self.ports = {name: port for name, port in json.loads(ports_file.read_text()).items() if name in PORTS}

    def stop(self, kill=False):
        """End it, with SIGTERM or (kill) SIGKILL; returns the exit status."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        status = self.process.wait(10)
        self.process = None
        return status

    def restart(self, *args, kill=False):
        """Stop, and start on the same ports, from here on with more options."""
        self.stop(kill)
        self._args += args
        self.start()

    starttls_port = property(lambda self: self.ports["starttls"])
    implicit_port = property(lambda self: self.ports["implicit"])
    plain_port = property(lambda self: self.ports["plain"])
    control_port = property(lambda self: self.ports["control"])
    pid = property(lambda self: self.process.pid)

    def command(self, line):
        """Say a line on the control port; returns the answer, or raises ValueError for an error."""
        if self._control is None:
            connection = socket.create_connection(("127.0.0.1", self.control_port), 10)
            self._control = connection.makefile("rw", encoding="utf-8", newline="\n")
            connection.close()
        self._control.write(line + "\n")
        self._control.flush()
        answer = self._control.readline().rstrip("\n")
        if answer.startswith("error"):
            raise ValueError(f"{line}: {answer}")
        if not answer:
            raise ConnectionError("the provider's control port is closed")
        return answer

    def fault(self, *orders):
        for order in orders:
            self.command("fault " + order)

    def clear_faults(self):
        self.command("faults clear")

    def set(self, name, value):
        """latency, rate, size, max-connections, messages-per-connection, max-recipients."""
        self.command(f"set {name} {value}")

    def certificate(self, name):
        self.command("cert " + name)

    def stop_listening(self):
        self.command("stop-listening")

    def start_listening(self):
        self.command("start-listening")

    def drop_all(self):
        """Hang up on all clients; returns how many there were."""
        return int(self.command("drop-all").split()[1])

    def stats(self):
        return json.loads(self.command("stats"))

    def reset(self):
        """Set the counters to zero; captured messages and the log stay."""
        self.command("reset")

    def count(self):
        """How many messages were captured."""
        return len(list((self.maildir / "new").glob("*")))

    def messages(self):
        """The captured messages, in the order of their arrival."""
        found = []
        for path in (self.maildir / "new").glob("*"):
            meta = json.loads((self.maildir / "meta" / (path.name + ".json")).read_text())
            found.append(Message(path, meta))
        return sorted(found, key=lambda message: message.meta["received_at"])

    def forget_messages(self):
        for part in ("new", "meta"):
            for path in (self.maildir / part).glob("*"):
                path.unlink()

    def wait_for(self, n_messages, timeout=30):
        """Wait until so many messages were captured; returns them."""
        wait_until(lambda: self.count() >= n_messages, timeout, f"the arrival of {n_messages} messages")
        return self.messages()

    def wait_for_stat(self, name, at_least, timeout=30):
        """Wait until a counter of stats() is so high; returns the statistics."""
        def enough():
            stats = self.stats()
            return stats if stats[name] >= at_least else None

        return wait_until(enough, timeout, f"{name} >= {at_least}")

    def events(self, kind=None):
        """The events of the log, as dictionaries."""
        if not self.log_file.exists():
            return []
        lines = self.log_file.read_text().split("\n")[:-1]
        events = [json.loads(line) for line in lines]
        return [event for event in events if kind is None or event["event"] == kind]
