# SPDX-License-Identifier: ISC
"""Debian's Exim as an upstream.  Its package conflicts with Postfix, so it is unpacked, not installed."""

import re
import shutil

from peers import DOMAIN, MAILBOXES
from unpacked import UnpackedPeer

UID = 65534  # nobody, who is also Debian-exim there

SETTINGS = """\
exim_path = {exim}
deliver_drop_privilege
primary_hostname = mx.{domain}
spool_directory = {dir}/spool
log_file_path = {dir}/log/%s
pid_file_path = {dir}/exim.pid
keep_environment =
add_environment = PATH=/usr/sbin:/usr/bin
local_interfaces = 127.0.0.1
daemon_smtp_ports = {starttls} : {implicit}
tls_on_connect_ports = {implicit}
tls_advertise_hosts = *
tls_certificate = {cert}
tls_privatekey = {key}
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
chunking_advertise_hosts = *
pipelining_connect_advertise_hosts =
message_size_limit = {size}
rfc1413_query_timeout = 0s
host_lookup =
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = data

begin acl
mail:
    deny !authenticated = *
         message = Authentication required
    accept
rcpt:
    accept domains = {domain}
           local_parts = {mailboxes}
    deny message = Unknown user
data:
    accept

begin routers
all:
    driver = accept
    local_parts = {mailboxes}
    transport = maildir

begin transports
maildir:
    driver = appendfile
    directory = {dir}/mail/${{local_part_data}}
    maildir_format
    return_path_add
    user = {uid}
    group = {uid}

begin authenticators
plain:
    driver = plaintext
    public_name = PLAIN
    server_prompts = :
    server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
    server_set_id = $auth2
login:
    driver = plaintext
    public_name = LOGIN
    server_prompts = Username: : Password:
    server_condition = ${{if and{{{{eq{{$auth1}}{{{user}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
    server_set_id = $auth1
"""


class Exim(UnpackedPeer):
    """Exim with hard-coded logins; size is its message_size_limit."""

    PACKAGE = "exim4-daemon-light"
    PROGRAM = "usr/sbin/exim4"
    USERS = (("Debian-exim", UID),)
    QUEUES = ("spool/input",)

    def __init__(self, size=50_000_000):
        super().__init__()
        self._size = size
        self.log_file = self.dir / "log" / "main"

    def write_config(self):
        self.unpack()
        self.program.chmod(0o755)  # not setuid root where anybody finds it: all it delivers is its own user's
        cert, key = self.certificate()
        shutil.chown(key, UID)
        for name in ("spool", "log", "mail"):
            (self.dir / name).mkdir()
            shutil.chown(self.dir / name, UID, UID)
        (self.dir / "exim.conf").write_text(SETTINGS.format(
            dir=self.dir, domain=DOMAIN, exim=self.program, size=self._size, cert=cert, key=key, uid=UID,
            mailboxes=" : ".join(MAILBOXES), user=self.user, password=self.password, **self.ports))
        self.skip_unless_it_runs("-bV")

    def command(self):
        # A queue runner each second takes up what an Exim that was killed has left.
        return self.confined("-bdf", "-q1s", "-C", self.dir / "exim.conf")

    def logins(self):
        return self.text().count(" A=")

    def chunked(self):
        """How many messages came with BDAT."""
        return len(re.findall(r" <= .* P=esmtpsa .* K\b", self.text()))
