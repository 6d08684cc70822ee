# SPDX-License-Identifier: ISC
"""Relays whose Debian packages conflict with Postfix: unpacked, and run in a mount namespace of their own, where
the users that they were built for exist."""

import os
import subprocess

from debian import NoPackage, package, unpack

from .process import RigError
from .relay import Relay

RUN = ('mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && '
       'while [ "$1" != -- ]; do mount --bind "$1" "$2" && shift 2 || exit; done && shift && exec "$@"')


class Unpacked(Relay):
    package = None
    users = ()  # (name, uid) of those that it runs as
    binds = ()  # (what, where) seen by it alone

    def write_config(self):
        root = self.path('root')
        os.mkdir(root)
        try:
            unpack(self.package, root)
        except NoPackage as why:
            raise RigError(str(why)) from why
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
