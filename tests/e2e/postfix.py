# SPDX-License-Identifier: ISC
"""Debian's Postfix as an upstream, which asks Dovecot about logins."""

import os
import re
import shutil

from peers import DOMAIN, MAILBOXES, Peer
from provider import PASSWORD, wait_until

MASTER = "/usr/lib/postfix/sbin/master"

# Debian's services as far as mail for virtual mailboxes needs them, without chroot.
SERVICES = """\
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

SETTINGS = """\
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
minimal_backoff_time = 1s
queue_run_delay = 1s
"""

# The folders of queue_directory, as Debian's postfix-files has them.
QUEUE = {**dict.fromkeys(("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
                          "saved", "trace"), 0o700), "public": 0o2710, "pid": 0o755}

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

    NEEDS = (MASTER, "/usr/sbin/dovecot")
    QUEUES = tuple(f"queue/{name}" for name in ("incoming", "active", "deferred"))

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
        for name, mode in QUEUE.items():  # "postfix check" would make them, with seconds of sleep between its looks
            folder = self.dir / "queue" / name
            folder.mkdir()
            shutil.chown(folder, "root" if name == "pid" else "postfix", "postdrop" if name == "public" else "root")
            folder.chmod(mode)
        mailboxes = "".join(f"{name}@{DOMAIN} {name}/\n" for name in MAILBOXES)
        (self.dir / "mailboxes").write_text(mailboxes)
        (self.dir / "master.cf").write_text(SERVICES.format(**self.ports))
        (self.dir / "main.cf").write_text(
            SETTINGS.format(dir=self.dir, domain=DOMAIN, size=self._size, cert=cert, key=key))
        for name in ("main.cf", "mailboxes"):
            os.utime(self.dir / name, (0, 0))  # a file of this second would be read again and again until it is older
        (self.dir / "dovecot.conf").write_text(DOVECOT_SETTINGS.format(dir=self.dir, mechanisms=self._mechanisms))
        users = self.dir / "users"
        users.write_text(f"{self.user}:{self.password}\n")
        shutil.chown(users, "dovecot")
        users.chmod(0o600)

    def start(self):
        (self.dir / "auth").unlink(missing_ok=True)  # of one that was killed
        self.spawn("/usr/sbin/dovecot", "-F", "-c", self.dir / "dovecot.conf")
        wait_until((self.dir / "auth").exists, 20, "Dovecot's start")
        super().start()

    def command(self):
        # Not "postfix start-fg": there a shell stands before the master, which leaves the group.
        return [MASTER, "-c", self.dir, "-s"]

    def logins(self):
        """How many transactions somebody who had logged in has begun."""
        return self.text().count("sasl_username=")

    def chunked(self):
        """How many BDAT commands there were, on connections that have ended."""
        return sum(map(int, re.findall(r" disconnect from .* bdat=(\d+)", self.text())))
