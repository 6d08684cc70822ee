# SPDX-License-Identifier: ISC
"""Debian's OpenSMTPD as an upstream.  Its package conflicts with Postfix, so it is unpacked, not installed."""

import pathlib
import subprocess

from peers import DOMAIN, MAILBOXES
from unpacked import UnpackedPeer

SETTINGS = """\
pki "mx" cert "{cert}"
pki "mx" key "{key}"
table logins file:{dir}/logins
table mailboxes file:{dir}/mailboxes
table users {{ "@{domain}" = "nobody" }}
smtp max-message-size {size}
smtp limit max-mails 1000000
smtp limit max-rcpt 10000
listen on 127.0.0.1 port {starttls} tls-require pki "mx" auth <logins> hostname mx.{domain}
listen on 127.0.0.1 port {implicit} smtps pki "mx" auth <logins> hostname mx.{domain}
action "deliver" maildir "{dir}/mail/%{{rcpt.user}}" user nobody virtual <users>
match from any for rcpt-to <mailboxes> action "deliver"
"""


class OpenSmtpd(UnpackedPeer):
    """OpenSMTPD with logins of its own; it offers no PIPELINING.  The folders it was built for are others to it."""

    PACKAGE = "opensmtpd"
    PROGRAM = "usr/sbin/smtpd"
    USERS = (("opensmtpd", 64001), ("opensmtpq", 64002))
    QUEUES = ("spool/smtpd/queue", "spool/smtpd/incoming")
    BUSY = "bind: Address already in use"

    def __init__(self, size=50_000_000):
        super().__init__()
        self._size = size
        self.log_file = self.dir / "output"

    def binds(self):
        return ((self.dir / "spool", "/var/spool"), (self.dir / "lib", "/var/lib"), (self.dir / "run", "/run"),
                (self.dir / "root/usr/libexec", "/usr/libexec"))

    def certificate(self):
        """Of the same CA, but with a key for RSA, which opensmtpd_keys.c is for."""
        cert, key = self.dir / "cert.pem", self.dir / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-CA", self.ca_file, "-CAkey", self.ca_file.with_name("ca.key"),
                        "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       check=True, capture_output=True, timeout=60)
        key.chmod(0o600)
        return cert, key

    def prepare(self):
        self.unpack()
        (self.dir / "lib/opensmtpd/empty").mkdir(parents=True)
        (self.dir / "run").mkdir()
        (self.dir / "spool/smtpd").mkdir(parents=True)
        (self.dir / "spool/smtpd").chmod(0o711)
        (self.dir / "mail").mkdir()
        (self.dir / "mail").chmod(0o777)
        secret = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=self.password, capture_output=True,
                                text=True, check=True, timeout=30).stdout
        (self.dir / "logins").write_text(f"{self.user} {secret}")
        (self.dir / "mailboxes").write_text("".join(f"{name}@{DOMAIN}\n" for name in MAILBOXES))
        subprocess.run(["cc", "-shared", "-fPIC", "-Wno-deprecated-declarations", "-o", self.dir / "keys.so",
                        pathlib.Path(__file__).with_name("opensmtpd_keys.c")], check=True, timeout=60)
        self.skip_unless_it_runs("-h")

    def write_config(self):
        cert, key = self.certificate()
        (self.dir / "smtpd.conf").write_text(SETTINGS.format(
            dir=self.dir, domain=DOMAIN, cert=cert, key=key, size=self._size, **self.ports))

    def command(self):
        return ["env", f"LD_PRELOAD={self.dir / 'keys.so'}",
                *self.confined("-dF", "-f", self.dir / "smtpd.conf")]

    def logins(self):
        return self.text().count("smtp authentication user=user result=ok")
