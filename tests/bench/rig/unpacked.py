# SPDX-License-Identifier: ISC
"""Relays whose Debian packages conflict with Postfix: unpacked, and run in a mount namespace of their own, where
the users that they were built for exist."""

import fcntl
import os
import pathlib
import subprocess
import tempfile

from .process import RigError
from .relay import Relay

RUN = ('mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && '
       'while [ "$1" != -- ]; do mount --bind "$1" "$2" && shift 2 || exit; done && shift && exec "$@"')


def package(name):
    """The package's file, downloaded once."""
    cache = pathlib.Path(os.environ.get('XDG_CACHE_HOME', tempfile.gettempdir())) / 'postern-test-packages'
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    if cache.is_symlink() or cache.stat().st_uid != os.geteuid():
        raise RigError(f'{cache} belongs to somebody else')
    with open(cache / 'lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(cache.glob(name + '_*.deb')):
            try:
                subprocess.run(['apt-get', '-q', 'download', name], cwd=cache, check=True, timeout=60,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            except (OSError, subprocess.SubprocessError) as error:
                raise RigError(f'no {name} to download: {getattr(error, "stderr", None) or error}') from error
    return next(cache.glob(name + '_*.deb'))


class Unpacked(Relay):
    package = None
    users = ()  # (name, uid) of those that it runs as
    binds = ()  # (what, where) seen by it alone

    def write_config(self):
        root = self.path('root')
        os.mkdir(root)
        subprocess.run(['dpkg-deb', '-x', package(self.package), root], check=True, timeout=30)
        for file, form in (('passwd', '{0}:x:{1}:{1}::/:/bin/false\n'), ('group', '{0}:x:{1}:\n')):
            with open(f'/etc/{file}') as system:
                self.write(file, system.read() + ''.join(form.format(*user) for user in self.users))

    def wrapped(self, *argv):
        """The argv that runs argv in the namespace."""
        binds = [part for pair in self.binds for part in pair]
        return ['unshare', '-m', 'sh', '-c', RUN, self.home, *binds, '--', *argv]

    @classmethod
    def version(cls):
        return package(cls.package).name.split('_')[1]
