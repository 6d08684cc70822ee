# SPDX-License-Identifier: ISC
"""Postfix as a smarthost: Debian's defaults, and a variant with what its own documents recommend for speed."""

import glob
import os
import shutil
import subprocess

from .relay import Relay

# Debian's master.cf, without the chroots (which cost nothing, but want files copied) and without the
# services that a smarthost never calls.
MASTER = '''\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
tlsproxy  unix  -       -       n       -       0       tlsproxy
postlog   unix-dgram n  -       n       -       1       postlogd
'''

MAIN = '''\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
myhostname = bench.example
mydestination =
alias_maps =
local_transport = error:no local mail here
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
default_process_limit = {processes}
biff = no

relayhost = [127.0.0.1]:{upstream_port}
smtp_tls_security_level = verify
smtp_tls_verify_cert_match = {upstream_name}
smtp_tls_CAfile = {ca_file}
smtp_tls_session_cache_database = btree:${{data_directory}}/smtp_scache
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = texthash:{home}/password
smtp_sasl_security_options = noanonymous
'''

# Keep TLS connections (off by default), and do not make clients wait when mail arrives faster than it
# leaves (in_flow_delay, 1 s by default).
TUNED = '''\
smtp_tls_connection_reuse = yes
in_flow_delay = 0
'''

# So many connections, from the first message on.
CONCURRENCY = '''\
smtp_destination_concurrency_limit = {connections}
initial_destination_concurrency = {connections}
'''


class Postfix(Relay):
    name = 'postfix'
    extra = ''

    @classmethod
    def missing(cls):
        found = {'postfix': os.path.exists('/usr/sbin/postfix'),
                 'libsasl2-modules': glob.glob('/usr/lib/*/sasl2/libplain.so')}
        return [package for package, there in found.items() if not there]

    def write_config(self):
        data = self.path('data')
        os.mkdir(data)
        shutil.chown(data, 'postfix', 'postfix')
        up = self.upstream
        self.write('password', f'[127.0.0.1]:{up.starttls_port} {up.user}:{up.password}\n', 0o600)
        self.write('master.cf', MASTER.format(port=self.port))
        self.write('main.cf', MAIN.format(
            queue=self.queue, data=data, home=self.home, upstream_port=up.starttls_port,
            upstream_name=up.name, ca_file=up.ca_file, processes=max(100, self.clients + 100),
        ) + self.extra + (CONCURRENCY.format(connections=self.connections) if self.connections else ''))

    def main_pid(self):
        # start-fg leaves a shell in front of the master.
        try:
            with open(os.path.join(self.queue, 'pid', 'master.pid')) as pid:
                return int(pid.read())
        except (OSError, ValueError):
            return None

    def log(self):
        return self.path('mail.log')

    def command(self):
        return ['/usr/sbin/postfix', '-c', self.home, 'start-fg']

    @classmethod
    def version(cls):
        done = subprocess.run(['/usr/sbin/postconf', '-d', '-h', 'mail_version'],
                              stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.strip()


class PostfixTuned(Postfix):
    name = 'postfix-tuned'
    extra = TUNED
