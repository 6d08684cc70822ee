# SPDX-License-Identifier: ISC
"""postern itself, with its defaults, from the build tree."""

import os
import shutil
import subprocess

from provider import BUILD

from .relay import Relay

CONFIG = '''\
hostname = "bench.example"
spool    = "{queue}"
user     = "{user}"
control  = "{home}/control.sock"
listen "local" {{
    address = "127.0.0.1"
    port = {port}
}}
upstream "provider" {{
    host = "localhost"
    port = {upstream_port}
    tls = "starttls"
    ca_file = "{ca_file}"
    username = "{upstream_user}"
    password_file = "{home}/password"
{upstream_more}}}
'''


class Postern(Relay):
    name = 'postern'
    pipelining = None  # the config's word for how messages are sent; None: its default
    program = BUILD / 'posternd'
    user = 'nobody'

    @classmethod
    def missing(cls):
        return [] if os.access(cls.program, os.X_OK) else [f'{cls.program} (make)']

    def write_config(self):
        shutil.chown(self.home, self.user)
        shutil.chown(self.queue, self.user)
        up = self.upstream
        self.write('password', up.password + '\n', 0o600)
        shutil.chown(self.path('password'), self.user)
        more = {'connections': self.connections, 'pipelining': self.pipelining and f'"{self.pipelining}"'}
        self.write('postern.conf', CONFIG.format(
            queue=self.queue, home=self.home, user=self.user, port=self.port, ca_file=up.ca_file,
            upstream_port=up.starttls_port, upstream_user=up.user,
            upstream_more=''.join(f'    {key} = {value}\n' for key, value in more.items() if value)))

    def command(self):
        return [self.program, '-f', '-c', self.path('postern.conf')]

    @classmethod
    def version(cls):
        done = subprocess.run([cls.program, '-V'], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.split()[-1]


class PosternStream(Postern):
    name = 'postern-stream'
    pipelining = 'stream'


class PosternEnvelope(Postern):
    name = 'postern-envelope'
    pipelining = 'envelope'


class PosternOff(Postern):
    name = 'postern-off'
    pipelining = 'off'


class PosternNoSync(Postern):
    """The limit: the same program, but that every sync succeeds and does nothing."""

    name = 'postern-nosync'
    delivers = False  # delivering is not what it limits
    preload = BUILD / 'postern-nosync.so'

    @classmethod
    def missing(cls):
        return super().missing() + ([] if os.access(cls.preload, os.R_OK) else [f'{cls.preload} (make)'])

    def command(self):
        return ['env', f'LD_PRELOAD={os.path.abspath(self.preload)}', *super().command()]
