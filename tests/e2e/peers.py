# SPDX-License-Identifier: ISC
"""Real mail servers as upstreams, each with a directory and ports of its own on 127.0.0.1.

    with Postfix() as peer, Postern(peer, tls="implicit") as postern:
        postern.send(CONTENT, sender="a@peer.example", to=["b@peer.example"])
        assert peer.wait_for(1)[0].content == CONTENT

A peer has what Postern wants of a provider (ports, ca_file, user, password).  It asks for TLS and a login and
delivers mail for MAILBOXES of DOMAIN; others of that domain are unknown to it.  All of it needs root.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest
from postern import free_port
from provider import PASSWORD, USER, certificates, wait_until

DOMAIN = "peer.example"
MAILBOXES = ("a", "b", "c", "r000000")  # the last is what postern-load writes to
TRACE = re.compile(rb"(?:(?:Return-Path|X-Original-To|Delivered-To|Envelope-To|Delivery-Date|Received):[^\n]*\n"
                   rb"(?:[ \t][^\n]*\n)*)*", re.IGNORECASE)


def greets(port, tls):
    """Does a server answer there?  (On an implicit port it says nothing before the handshake.)"""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            return tls == "implicit" or s.recv(4) == b"220 "
    except OSError:
        return False


class Delivered:
    """A message in a mailbox: its content below the trace headers, with CRLF."""

    def __init__(self, path):
        raw = path.read_bytes()
        self.trace = TRACE.match(raw)[0].decode()
        self.content = raw[len(self.trace.encode()):].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    @property
    def return_path(self):
        return re.search(r"^Return-Path: *<(.*)>", self.trace, re.IGNORECASE | re.MULTILINE)[1]


class Peer:
    """What all have in common; a subclass has NEEDS, write_config() and command()."""

    NEEDS = ()  # the programs it wants

    def __init__(self):
        self.skip_unless_possible()
        self._own = tempfile.TemporaryDirectory(prefix="postern-peer-")
        self.dir = pathlib.Path(self._own.name)
        self.dir.chmod(0o755)
        self.user = USER
        self.password = PASSWORD
        self.ca_file = certificates() / "ca.pem"
        self.ports = {"starttls": free_port(), "implicit": free_port()}
        self.log_file = self.dir / "peer.log"
        self.mail = self.dir / "mail"
        self._processes = []

    @classmethod
    def skip_unless_possible(cls):
        if os.geteuid() != 0:
            pytest.skip(f"{cls.__name__} runs as root only")
        for program in cls.NEEDS:
            if not os.path.exists(program):
                pytest.skip(f"there is no {program}")

    def certificate(self):
        """The paths of its certificate and key; the key in a file that root alone reads."""
        key = self.dir / "key.pem"
        shutil.copy(certificates() / "good.key", key)
        key.chmod(0o600)
        return certificates() / "good.pem", key

    def __enter__(self):
        try:
            self.write_config()
            self.start()
        except BaseException:
            self.close(show=True)
            raise
        return self

    def __exit__(self, kind, *exc):
        self.close(show=kind is not None)

    def close(self, show):
        self.stop()
        if show and self.log_file.exists():
            print(f"---- {self.log_file}\n" + self.log_file.read_text(errors="replace")[-20000:])
        self._own.cleanup()

    def spawn(self, *argv):
        """Start a server that stays in the foreground, in a process group of its own, and ends when we are killed."""
        with open(self.dir / "output", "ab") as out:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        # A death signal (prctl) would be forgotten when a server changes its user; the end of a pipe is not.
        process.watcher = subprocess.Popen(["sh", "-c", "read -r x; kill -KILL -$0", str(process.pid)],
                                           stdin=subprocess.PIPE, start_new_session=True)
        self._processes.append(process)
        return process

    def start(self):
        self.spawn(*self.command())
        for tls, port in self.ports.items():
            wait_until(lambda tls=tls, port=port: greets(port, tls), 20, f"{type(self).__name__} on port {port}")

    def stop(self):
        """End it and all that it has forked."""
        for process in reversed(self._processes):
            _signal_group(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
                wait_until(lambda p=process: not _signal_group(p.pid, 0), 10, "the end of a peer")
            except (subprocess.TimeoutExpired, TimeoutError):
                _signal_group(process.pid, signal.SIGKILL)
                process.wait(10)
            process.watcher.kill()
            process.watcher.communicate()
        self._processes = []

    def messages(self, mailbox="b"):
        """What was delivered to a mailbox, oldest first."""
        found = (self.mail / mailbox / "new").glob("*")
        return [Delivered(path) for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]

    def wait_for(self, n, mailbox="b", timeout=30):
        """Wait until a mailbox holds n messages; returns them."""
        def there():
            try:
                return len(os.listdir(self.mail / mailbox / "new")) >= n
            except FileNotFoundError:
                return False

        wait_until(there, timeout, f"{n} messages in mailbox {mailbox}")
        return self.messages(mailbox)

    def forget(self, mailbox="b"):
        for path in (self.mail / mailbox / "new").glob("*"):
            path.unlink()

    def text(self):
        """What it has logged."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""


def _signal_group(pid, number):
    """Send a signal to a process group; False when nothing of it is left."""
    try:
        os.killpg(pid, number)
        return True
    except ProcessLookupError:
        return False


POSTFIX_MASTER = "/usr/lib/postfix/sbin/master"

# Debian's services as far as mail for virtual mailboxes needs them, without chroot.
POSTFIX_SERVICES = """\
127.0.0.1:{starttls} inet n - n - - smtpd
    -o smtpd_tls_security_level=encrypt
127.0.0.1:{implicit} inet n - n - - smtpd
    -o smtpd_tls_wrappermode=yes
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""

POSTFIX_SETTINGS = """\
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
maillog_file = {dir}/peer.log
maillog_file_prefixes = {dir}
myhostname = mx.{domain}
mydestination =
alias_maps =
inet_protocols = ipv4
mynetworks =
biff = no
local_header_rewrite_clients =
message_size_limit = {size}
mailbox_size_limit = 0

virtual_mailbox_domains = {domain}
virtual_mailbox_maps = texthash:{dir}/mailboxes
virtual_mailbox_base = {dir}/mail
virtual_mailbox_limit = 0
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534

smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {dir}/auth
smtpd_client_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_client_connection_count_limit = 0
"""

DOVECOT_SETTINGS = """\
base_dir = {dir}/dovecot
state_dir = {dir}/dovecot
log_path = {dir}/peer.log
protocols =
ssl = no
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
passdb {{
    driver = passwd-file
    args = scheme=PLAIN {dir}/users
}}
service auth {{
    unix_listener {dir}/auth {{
        mode = 0666
    }}
}}
service anvil {{
    unix_listener anvil-auth-penalty {{
        mode = 0
    }}
}}
"""


class Postfix(Peer):
    """Debian's Postfix with Dovecot for the logins; size is its message_size_limit."""

    NEEDS = (POSTFIX_MASTER, "/usr/sbin/dovecot")

    def __init__(self, size=50_000_000, mechanisms="plain login", password=PASSWORD):
        super().__init__()
        self.password = password
        self._size = size
        self._mechanisms = mechanisms

    def write_config(self):
        cert, key = self.certificate()
        for name, owner in (("queue", "root"), ("data", "postfix"), ("mail", "nobody"), ("dovecot", "root")):
            (self.dir / name).mkdir()
            shutil.chown(self.dir / name, owner)
        mailboxes = "".join(f"{name}@{DOMAIN} {name}/\n" for name in MAILBOXES)
        (self.dir / "mailboxes").write_text(mailboxes)
        (self.dir / "master.cf").write_text(POSTFIX_SERVICES.format(**self.ports))
        (self.dir / "main.cf").write_text(
            POSTFIX_SETTINGS.format(dir=self.dir, domain=DOMAIN, size=self._size, cert=cert, key=key))
        (self.dir / "dovecot.conf").write_text(DOVECOT_SETTINGS.format(dir=self.dir, mechanisms=self._mechanisms))
        users = self.dir / "users"
        users.write_text(f"{self.user}:{self.password}\n")
        shutil.chown(users, "dovecot")
        users.chmod(0o600)

    def start(self):
        self.spawn("/usr/sbin/dovecot", "-F", "-c", self.dir / "dovecot.conf")
        wait_until((self.dir / "auth").exists, 20, "Dovecot's start")
        super().start()

    def command(self):
        # Not "postfix start-fg": there a shell stands before the master, which leaves the group.
        subprocess.run(["/usr/sbin/postfix", "-c", self.dir, "check"], check=True, timeout=30)
        return [POSTFIX_MASTER, "-c", self.dir, "-s"]

    def logins(self):
        """How many transactions somebody who had logged in has begun."""
        return self.text().count("sasl_username=")
