# SPDX-License-Identifier: ISC
"""nodemailer's smtp-server (smtp_server.js) as an upstream, which npm installs into a cache of ours."""

import pytest
from debian import NoPackage
from npm import NODE, modules
from peers import ScriptPeer

PACKAGE = "smtp-server@3.14.0"  # the last one for Debian 12's Node.js 18


class SmtpServer(ScriptPeer):
    """smtp-server: PIPELINING, but no CHUNKING."""

    NEEDS = (NODE, "/usr/bin/npm")
    SCRIPT = "smtp_server.js"

    def write_config(self):
        super().write_config()
        try:
            self._modules = modules(PACKAGE)
        except NoPackage as why:
            pytest.skip(str(why))

    def interpreter(self):
        return ["env", f"NODE_PATH={self._modules}", NODE]
