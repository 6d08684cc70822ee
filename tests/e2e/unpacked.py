# SPDX-License-Identifier: ISC
"""Peers whose Debian packages conflict with Postfix: unpacked, and run in a mount namespace of their own."""

import subprocess

import pytest
from debian import NoPackage, confined, unpack
from peers import Peer


class UnpackedPeer(Peer):
    """A peer of PACKAGE, which confine() lets see its USERS and what it binds."""

    PACKAGE = None
    PROGRAM = None  # its path in the package
    USERS = ()  # (name, uid) of those that it runs as
    NEEDS = ("/usr/bin/apt-get", "/usr/bin/dpkg-deb", "/usr/bin/unshare")

    def __init__(self):
        super().__init__()
        self.program = self.dir / "root" / self.PROGRAM

    @classmethod
    def skip_unless_possible(cls):
        super().skip_unless_possible()
        if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            pytest.skip(f"no mount namespaces here, which {cls.__name__} needs")

    def unpack(self):
        try:
            unpack(self.PACKAGE, self.dir / "root")
        except NoPackage as why:
            pytest.skip(str(why))

    def binds(self):
        """(what, where) of the directories that it alone sees there."""
        return ()

    def confined(self, *options):
        """The argv that runs the program with these options."""
        return confined([self.program, *options], self.dir, self.USERS, self.binds())

    def skip_unless_it_runs(self, *options):
        """Its libraries are Debian's, but not of what is installed."""
        if subprocess.run(self.confined(*options), capture_output=True, timeout=30).returncode == 127:
            pytest.skip(f"{self.PACKAGE} lacks a library here")
