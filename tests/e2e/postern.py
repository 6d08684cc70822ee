# SPDX-License-Identifier: ISC
"""posternd as a context manager, for the end-to-end tests.

    with Provider() as provider, Postern(provider) as postern:
        id = postern.send(b"Subject: hi\\r\\n\\r\\nHello\\r\\n", to=["b@y.example"])
        postern.wait_log("delivered", id=id)
        assert postern.ctl("queue").stdout == "The queue is empty.\\n"

Each has a directory, ports, a spool and a log of its own.  It is ready when `with` is entered, as sd_notify tells.
At the end it must stop gracefully with status 0, and its log must hold no report of a sanitizer.
The programs are taken from the build directory POSTERN_BUILD, as provider.py does.
"""

import contextlib
import http.client
import json
import os
import pathlib
import pwd
import re
import signal
import smtplib
import socket
import subprocess
import tempfile
import time

from provider import BUILD, Provider, wait_until

POSTERND = BUILD / "posternd"
POSTERNCTL = BUILD / "posternctl"
SENDMAIL = BUILD / "postern-sendmail"
LOAD = BUILD / "postern-load"
OTHER_USER = "nobody"
NAMED = ("listen", "upstream", "route", "client")  # sections with a name
CONTENT = b"From: a@x.example\r\nSubject: test\r\n\r\nHello\r\n"
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")
FIELD = re.compile(r'(\w+)=("(?:\\.|[^"\\])*"|\S*)')

_ports = []  # what keeps our ports from other processes that run tests


def free_port(address="127.0.0.1"):
    """A port nobody uses, below those that the kernel hands out, and ours until this process ends."""
    number = os.getpid() * 7919
    while True:
        number += 1
        port = 10000 + number % 20000
        claim = socket.socket(socket.AF_UNIX)
        probe = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            claim.bind(f"\0postern-test-port-{port}")
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
        except OSError:
            claim.close()
            continue
        finally:
            probe.close()
        _ports.append(claim)
        return port


def unescape(value):
    """A value of the log as it was before log_line.c quoted it."""
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(x[0-9a-f]{2}|.)", lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "x" else m[1], value[1:-1])


def parse_line(line):
    """A line of the log as a dictionary, with time, level and process; None if it is none."""
    words = line.split(" ", 3)
    if len(words) < 4 or not words[3].startswith("event="):
        return None
    fields = {key: unescape(value) for key, value in FIELD.findall(words[3])}
    return dict(fields, time=words[0], level=words[1], process=words[2])


def render(settings):
    """The config file for a dictionary; listen, upstream and route are dictionaries of named sections."""
    def value(v):
        if isinstance(v, (list, tuple)):
            return "{ " + ", ".join(value(item) for item in v) + " }"
        return str(v) if isinstance(v, int) else '"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"'

    def section(head, keys):
        return [head + " {"] + [f"    {key} = {value(v)}" for key, v in keys.items() if v is not None] + ["}"]

    lines = []
    for key, v in settings.items():
        if not isinstance(v, dict):
            lines += [f"{key} = {value(v)}"]
        elif key in NAMED:
            for name, keys in v.items():
                lines += section(f'{key} "{name}"', keys)
        else:
            lines += section(key, v)
    return "\n".join(lines) + "\n"


class Notify:
    """The service manager's end of sd_notify(3)."""

    def __init__(self):
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.bind(f"\0postern-test-notify-{os.getpid()}-{id(self)}")
        self.address = "@" + self._sock.getsockname()[1:].decode()
        self.messages = []

    def _take(self, timeout):
        self._sock.settimeout(timeout)
        try:
            self.messages.append(self._sock.recv(65536).decode())
            return True
        except (TimeoutError, BlockingIOError):
            return False

    def all(self):
        while self._take(0):
            pass
        return self.messages

    def wait(self, line, timeout=30, process=None, skip=0):
        """Wait for a message, beyond the first `skip`, with this line in it; returns the message."""
        deadline = time.monotonic() + timeout
        while True:
            for message in self.messages[skip:]:
                if line in message.split("\n"):
                    return message
            if process is not None and process.poll() is not None:
                raise RuntimeError(f"posternd ended with {process.returncode} before {line}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {line} from posternd: {self.messages}")
            self._take(0.1)

    def close(self):
        self._sock.close()


class Control(http.client.HTTPConnection):
    """HTTP over the control socket."""

    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Postern:
    """One running posternd with an upstream at a Provider (or at host and port given as settings).

    tls: how to reach the provider: starttls, implicit, none.  as_user: run all of it as this user, as an
    ordinary user would; else, as root, the workers run as nobody.  Other arguments are sections of the config
    (queue={"lifetime": "3s"}, upstream={"rate": "5/s"}) or keys of its top level (hostname="h.example");
    None removes a default.  environment: more variables.  wait=False: __enter__ does not wait for readiness.
    """

    def __init__(self, provider=None, *, tls="starttls", as_user=None, environment=None, wait=True, **settings):
        self._own = tempfile.TemporaryDirectory(prefix="postern-")
        self.dir = pathlib.Path(self._own.name)
        self.dir.chmod(0o755)
        self.provider = provider
        self.as_user = as_user if os.geteuid() == 0 else None
        self.config_file = self.dir / "postern.conf"
        self.password_file = self.dir / "password"
        self.spool = self.dir / "spool"
        self.control = self.dir / "control.sock"
        self.log_file = self.dir / "log"
        self.port = free_port()
        self.process = None
        self.notify = None
        self.before_exec = None  # called in the child, as subprocess' preexec_fn
        self.pass_fds = ()
        self._environment = environment or {}
        self._wait = wait
        self._records = []
        self._read = 0
        self._rest = ""
        self._known = set()  # ids that outbound has named
        self._unknown = set()  # ids of what was accepted, or written as a report, that it has not
        self.settings = self._defaults(tls)
        self.set(**settings)
        if self.as_user:
            self.give_to_user(self.dir)

    def _defaults(self, tls):
        settings = {"hostname": "relay.example", "spool": self.spool, "control": self.control}
        if os.geteuid() == 0 and not self.as_user:
            settings["user"] = OTHER_USER
        settings["listen"] = {"local": {"address": "127.0.0.1", "port": self.port}}
        upstream = {"host": "localhost", "port": 9, "tls": tls, "timeout": "20s"}
        if self.provider:
            upstream["port"] = self.provider.ports["plain" if tls == "none" else tls]
            if tls != "none":
                upstream["ca_file"] = self.provider.ca_file
                upstream["username"] = self.provider.user
                upstream["password_file"] = self.password_file
                self.write_password(self.provider.password)
        settings["upstream"] = {"provider": upstream}
        settings["queue"] = {"retry_min": "1s", "retry_max": "2s"}
        settings["limits"] = {"min_free": "1M"}
        settings["log"] = {"level": "info"}
        return settings

    def set(self, **settings):
        """Change the settings (see __init__) and write the config file; reload() makes them count."""
        for name, value in settings.items():
            if name in NAMED and not any(isinstance(v, dict) for v in value.values()):
                self.settings[name][next(iter(self.settings[name]))].update(value)  # keys of the first one
            elif isinstance(value, dict) and name not in NAMED:
                self.settings.setdefault(name, {}).update(value)
            elif value is None:
                self.settings.pop(name, None)
            else:
                self.settings[name] = value
        self.config_file.write_text(render(self.settings))

    def write_password(self, password, mode=0o600):
        self.password_file.write_text(password + "\n")
        self.password_file.chmod(mode)
        if self.as_user:
            self.give_to_user(self.password_file)

    def give_to_user(self, path):
        entry = pwd.getpwnam(self.as_user)
        for at in [path, *path.rglob("*")]:
            os.chown(at, entry.pw_uid, entry.pw_gid)

    # Life

    def __enter__(self):
        try:
            self.start(self._wait)
        except BaseException:
            self._show_log()
            self.kill_all()
            raise
        return self

    def __exit__(self, kind, *exc):
        try:
            if self.process is not None and kind is None:
                self.stop()
            assert kind is not None or not self.sanitizer_report(), self.sanitizer_report()
        except BaseException:
            self._show_log()
            raise
        finally:
            if kind is not None:
                self._show_log()
            self.kill_all()
            if self.notify:
                self.notify.close()
            self._own.cleanup()

    def _show_log(self):
        if self.log_file.exists():
            print(f"---- {self.log_file}\n" + self.log_file.read_text(errors="replace")[-20000:])

    def spawn(self, *args, **more):
        """Start posternd as this one would be; returns the process."""
        if self.as_user:
            entry = pwd.getpwnam(self.as_user)
            more = dict(more, user=entry.pw_uid, group=entry.pw_gid, extra_groups=[])
        environment = {key: v for key, v in os.environ.items() if key not in ("NOTIFY_SOCKET", "LISTEN_FDS")}
        environment.update(self._environment)
        environment.update(more.pop("env", {}))
        return subprocess.Popen([POSTERND, "-c", self.config_file, *args], cwd="/", stdin=subprocess.DEVNULL,
                                env=environment, pass_fds=self.pass_fds, preexec_fn=self.before_exec, **more)

    def run(self, *args, timeout=30):
        """Run posternd to its end (-t, -V, or what must fail); returns the completed process."""
        process = self.spawn(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def start(self, wait=True):
        if self.notify:
            self.notify.close()
        self.notify = Notify()
        with open(self.log_file, "ab") as log:
            self.process = self.spawn("-f", stdout=log, stderr=log, env={"NOTIFY_SOCKET": self.notify.address})
        if wait:
            self.wait_ready()

    def wait_ready(self, timeout=30):
        self.notify.wait("READY=1", timeout, self.process)

    def stop(self, timeout=35):
        """End it gracefully; fails unless it does so in time with status 0."""
        self.process.send_signal(signal.SIGTERM)
        self.wait_end(timeout, 0)

    def wait_end(self, timeout=35, status=None):
        """Wait for its end; returns the exit status, which must be `status` if that is given."""
        got = self.process.wait(timeout)
        self.process = None
        assert status is None or got == status, f"posternd ended with {got}"
        return got

    def kill_all(self):
        """SIGKILL to the master and to its workers at once."""
        if self.process is None:
            return
        pids = self.children()
        self.process.kill()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(10)
        self.process = None
        wait_until(lambda: not any(_is_alive(pid) for pid in pids), what="the workers' end")

    def restart(self):
        self.stop()
        self.start()

    def reload(self, timeout=30):
        """SIGHUP, and wait until the new config counts.  Fails when it is refused."""
        seen = len(self.notify.all())
        self.process.send_signal(signal.SIGHUP)
        self.notify.wait("RELOADING=1", timeout, self.process, seen)
        self.notify.wait("READY=1", timeout, self.process, seen)

    def children(self):
        """The pids of the master's children."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if parent == self.process.pid:
                found.append(int(path.parent.name))
        return found

    def worker(self, role):
        """The pid of the newest listener or outbound."""
        return int(self.log("worker_started", worker=role)[-1]["pid"])

    def kill(self, role, sig=signal.SIGKILL):
        """Send a signal to a worker; returns its pid."""
        pid = self.worker(role)
        os.kill(pid, sig)
        return pid

    def wait_restart(self, role, pid, timeout=30):
        """Wait until another process than pid has this role and serves clients or the control socket."""
        wait_until(lambda: self.worker(role) != pid, timeout, f"a new {role}")
        if role == "outbound":
            wait_until(self.status, timeout, "the new outbound")

    # What it says

    def log(self, event=None, **fields):
        """The records of the log with this event and these fields, oldest first."""
        self._read_log()
        wanted = {key: str(v) for key, v in fields.items()}
        return [r for r in self._records if (event is None or r["event"] == event)
                and all(r.get(key) == v for key, v in wanted.items())]

    def _read_log(self):
        if not self.log_file.exists():
            return
        with open(self.log_file, "rb") as file:
            file.seek(self._read)
            data = file.read()
        self._read += len(data)
        lines = (self._rest + data.decode(errors="replace")).split("\n")
        self._rest = lines.pop()
        records = list(filter(None, map(parse_line, lines)))
        self._records += records
        self._known.update(r["id"] for r in records if r["process"] == "outbound" and "id" in r)
        self._unknown.update(r["id"] for r in records if r["event"] == "accepted")
        self._unknown.update(r["report"] for r in records if r.get("report"))
        self._unknown -= self._known

    def wait_log(self, event, timeout=30, n=1, **fields):
        """Wait until there are n such records; returns the nth."""
        what = f"{n} log records {event} {fields}"
        return wait_until(lambda: self.log(event, **fields)[n - 1:n], timeout, what)[0]

    def text(self):
        """The whole log as text."""
        return self.log_file.read_text(errors="replace")

    def sanitizer_report(self):
        """What a sanitizer has found in any of its processes, or an empty string."""
        text = self.text() if self.log_file.exists() else ""
        found = SANITIZER.search(text)
        return text[max(0, found.start() - 200):found.start() + 5000] if found else ""

    # Talking to it

    def ctl(self, *args, timeout=30):
        """Run posternctl with this config; returns the completed process."""
        return subprocess.run([POSTERNCTL, "-c", self.config_file, *args], capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL)

    def ask(self, path):
        """The JSON that the control socket answers to GET path; None while it answers nothing, or an error.

        What is waited for is asked in this way: a posternctl for each look would take more of the CPU than posternd.
        """
        try:
            with contextlib.closing(Control(self.control)) as control:
                control.request("GET", path)
                answer = control.getresponse()
                body = answer.read()
                return json.loads(body) if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None

    def status(self):
        """What `posternctl status --json` prints; {} while nobody answers."""
        return self.ask("/status") or {}

    def queue(self):
        """What `posternctl queue --json` prints; None while nobody answers."""
        return self.ask("/queue")

    def sendmail(self, *args, input=b"", timeout=30, **more):
        """Run postern-sendmail with this config; returns the completed process, with bytes."""
        return subprocess.run([SENDMAIL, "-C", self.config_file, *args], capture_output=True, input=input,
                              timeout=timeout, **more)

    def smtp(self, timeout=30):
        """A greeted smtplib client."""
        return smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example", timeout=timeout)

    def load(self, messages, *options, size=500, timeout=300):
        """Many small messages, fast, by postern-load; all must be accepted."""
        subprocess.run([LOAD, "--messages", str(messages), "--size", str(size), "--pipelining", *options,
                        "127.0.0.1", str(self.port)], stdout=subprocess.DEVNULL, timeout=timeout, check=True)

    def send(self, content=CONTENT, sender="a@x.example", to=("b@y.example",)):
        """Send one message, which must be accepted for all recipients; returns its queue id."""
        with self.smtp() as client:
            return submit(client, content, sender, to)

    def arrived(self, id, timeout=30):
        """Wait until the provider has the message that was queued under this id; returns it."""
        def find():
            return [m for m in self.provider.messages() if f" id {id}".encode() in m.content[:500]]

        return wait_until(find, timeout, f"the arrival of {id}")[0]

    def wait_empty(self, timeout=30, lost=frozenset()):
        """Wait until nothing is queued any more, nor on its way from the listener to the queue, but what was lost (ids)."""
        def is_empty():
            self._read_log()
            return self._unknown <= lost and self.queue() == []

        wait_until(is_empty, timeout, "an empty queue")


def submit(client, content=CONTENT, sender="a@x.example", to=("b@y.example",)):
    """One transaction of an smtplib client, octet by octet; returns the queue id."""
    client.ehlo_or_helo_if_needed()
    code, text = client.mail(sender)
    assert code == 250, (code, text)
    for rcpt in to:
        code, text = client.rcpt(rcpt)
        assert code == 250, (code, text)
    code, text = client.data(content)
    assert code == 250, (code, text)
    return queue_id(text.decode())


def queue_id(reply):
    """The id in the 250 to a message."""
    return re.search(r"queued as (\w+)", reply)[1]


def _is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return False


__all__ = ["CONTENT", "Notify", "POSTERNCTL", "POSTERND", "Postern", "Provider", "SENDMAIL", "free_port", "queue_id",
           "render", "submit", "wait_until"]
