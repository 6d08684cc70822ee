# SPDX-License-Identifier: ISC
"""Relays whose Debian packages conflict with Postfix: unpacked, and run in a mount namespace of their own."""

import os

from debian import NoPackage, confined, package, unpack

from .process import RigError
from .relay import Relay


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

    def wrapped(self, *argv):
        """The argv that runs argv in the namespace."""
        return confined(argv, self.home, self.users, self.binds)

    @classmethod
    def version(cls):
        return package(cls.package).name.split('_')[1]
