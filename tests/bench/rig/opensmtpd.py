# SPDX-License-Identifier: ISC
"""OpenSMTPD as a smarthost: Debian's, unpacked.  Its folders' names are built in, so it sees others there."""

import os

from .unpacked import Unpacked

CONFIG = '''\
table secrets file:{home}/secrets
smtp limit max-mails 1000000
listen on 127.0.0.1 port {port} hostname bench.example
action "smarthost" relay host smtp+tls://up@{upstream_name}:{upstream_port} auth <secrets>
match from any for any action "smarthost"
'''


class OpenSmtpd(Unpacked):
    name = 'opensmtpd'
    package = 'opensmtpd'
    delivers = False  # it takes the system's certificate authorities alone, not the test provider's
    users = (('opensmtpd', 64001), ('opensmtpq', 64002))

    @property
    def binds(self):
        return ((self.queue, '/var/spool'), (self.path('lib'), '/var/lib'), (self.path('run'), '/run'))

    def write_config(self):
        super().write_config()
        up = self.upstream
        os.makedirs(self.path('lib/opensmtpd/empty'))
        os.mkdir(self.path('run'))
        os.mkdir(os.path.join(self.queue, 'smtpd'))
        os.chmod(os.path.join(self.queue, 'smtpd'), 0o711)
        self.write('secrets', f'up {up.user}:{up.password}\n', 0o640)
        os.chown(self.path('secrets'), 0, self.users[0][1])
        self.write('smtpd.conf', CONFIG.format(
            home=self.home, port=self.port, upstream_name=up.name, upstream_port=up.starttls_port))

    def command(self):
        return self.wrapped(self.path('root/usr/sbin/smtpd'), '-dF', '-f', self.path('smtpd.conf'))
