# SPDX-License-Identifier: ISC
"""Debian's Exim as an upstream.  Its package conflicts with Postfix, so it is unpacked, not installed."""

import pathlib
import shutil
import subprocess

import pytest
from debian import NoPackage, unpack
from peers import DOMAIN, MAILBOXES, Peer

PACKAGE = "exim4-daemon-light"
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

# In a mount namespace of its own, where the user that Exim was built for exists.
RUN = 'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$@"'


class Exim(Peer):
    """Exim with hard-coded logins; size is its message_size_limit."""

    NEEDS = ("/usr/bin/apt-get", "/usr/bin/dpkg-deb", "/usr/bin/unshare")

    def __init__(self, size=50_000_000):
        super().__init__()
        self._size = size
        self.log_file = self.dir / "log" / "main"
        self._exim = self.dir / "root/usr/sbin/exim4"

    @classmethod
    def skip_unless_possible(cls):
        super().skip_unless_possible()
        if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            pytest.skip("no mount namespaces here, which Exim needs")

    def write_config(self):
        try:
            unpack(PACKAGE, self.dir / "root")
        except NoPackage as why:
            pytest.skip(str(why))
        self._exim.chmod(0o755)  # not setuid root where anybody finds it: all it delivers is its own user's
        cert, key = self.certificate()
        shutil.chown(key, UID)
        for name in ("spool", "log", "mail"):
            (self.dir / name).mkdir()
            shutil.chown(self.dir / name, UID, UID)
        for name, line in (("passwd", f"Debian-exim:x:{UID}:{UID}::/:/bin/false\n"),
                           ("group", f"Debian-exim:x:{UID}:\n")):
            (self.dir / name).write_text((pathlib.Path("/etc") / name).read_text() + line)
        (self.dir / "exim.conf").write_text(SETTINGS.format(
            dir=self.dir, domain=DOMAIN, exim=self._exim, size=self._size, cert=cert, key=key, uid=UID,
            mailboxes=" : ".join(MAILBOXES), user=self.user, password=self.password, **self.ports))

    def start(self):
        if subprocess.run(self.command()[:-3] + ["-bV"], capture_output=True, timeout=30).returncode == 127:
            pytest.skip(f"{PACKAGE} lacks a library here")
        super().start()

    def command(self):
        return ["unshare", "-m", "sh", "-c", RUN, self.dir, self._exim, "-bdf", "-C", self.dir / "exim.conf"]

    def logins(self):
        return self.text().count(" A=")
