# SPDX-License-Identifier: ISC
"""Exim as a smarthost: Debian's light daemon, unpacked."""

import os
import shutil

from .unpacked import Unpacked

UID = 65534  # nobody, who is also Debian-exim there

# One delivery process for each message as it comes (Exim's default) would be thousands while the upstream is
# held: so messages are queued, and queue runners take them, as its manual advises for load.
SETTINGS = '''\
exim_path = {exim}
deliver_drop_privilege
primary_hostname = bench.example
spool_directory = {queue}
log_file_path = {home}/%slog
pid_file_path = {home}/exim.pid
keep_environment =
add_environment = PATH=/usr/sbin:/usr/bin
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
rfc1413_query_timeout = 0s
host_lookup =
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
queue_only
queue_run_max = 20
split_spool_directory
acl_smtp_rcpt = accept
acl_smtp_data = accept

begin routers
smarthost:
    driver = manualroute
    route_list = * {upstream_name}
    self = send
    transport = smarthost

begin transports
smarthost:
    driver = smtp
    port = {upstream_port}
    hosts_require_tls = *
    hosts_require_auth = *
    tls_verify_certificates = {ca_file}
    tls_verify_hosts = *
    user = {uid}
    group = {uid}

begin retry
* * F,1h,1s

begin authenticators
plain:
    driver = plaintext
    public_name = PLAIN
    client_send = ^{upstream_user}^{upstream_password}
'''


class Exim(Unpacked):
    name = 'exim'
    package = 'exim4-daemon-light'
    users = (('Debian-exim', UID),)

    def write_config(self):
        super().write_config()
        up = self.upstream
        shutil.chown(self.home, UID, UID)
        shutil.chown(self.queue, UID, UID)
        self.write('exim.conf', SETTINGS.format(
            exim=self.program(), queue=self.queue, home=self.home, port=self.port, uid=UID, ca_file=up.ca_file,
            upstream_name=up.name, upstream_port=up.starttls_port, upstream_user=up.user,
            upstream_password=up.password))

    def program(self):
        return self.path('root/usr/sbin/exim4')

    def command(self):
        os.chmod(self.program(), 0o755)
        return self.wrapped(self.program(), '-bdf', '-q1s', '-C', self.path('exim.conf'))

    def log(self):
        return self.path('mainlog')
