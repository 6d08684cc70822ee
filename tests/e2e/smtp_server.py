# SPDX-License-Identifier: ISC
"""nodemailer's smtp-server (smtp_server.js) as an upstream, which npm installs into a cache of ours."""

import fcntl
import subprocess

import pytest
from debian import NoPackage, cache_directory
from peers import ScriptPeer

PACKAGE = "smtp-server@3.14.0"  # the last one for Debian 12's Node.js 18


def modules():
    """The directory that the package and what it needs are installed in."""
    prefix = cache_directory() / PACKAGE
    with open(cache_directory() / "npm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (prefix / "complete").exists():
            try:
                subprocess.run(["npm", "install", "--prefix", prefix, "--ignore-scripts", "--no-audit", "--no-fund",
                                "--no-save", "--fetch-retries=0", PACKAGE],
                               check=True, timeout=60, capture_output=True, text=True)
            except (OSError, subprocess.SubprocessError) as error:
                why = str(getattr(error, "stderr", None) or error).splitlines()[0]
                raise NoPackage(f"no {PACKAGE} to install: {why}") from error
            (prefix / "complete").touch()
    return prefix / "node_modules"


class SmtpServer(ScriptPeer):
    """smtp-server: PIPELINING, but no CHUNKING."""

    NEEDS = ("/usr/bin/node", "/usr/bin/npm")
    SCRIPT = "smtp_server.js"

    def write_config(self):
        super().write_config()
        try:
            self._modules = modules()
        except NoPackage as why:
            pytest.skip(str(why))

    def interpreter(self):
        return ["env", f"NODE_PATH={self._modules}", "/usr/bin/node"]
