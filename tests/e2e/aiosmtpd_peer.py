# SPDX-License-Identifier: ISC
"""Debian's aiosmtpd (aiosmtpd_server.py) as an upstream."""

import subprocess

import pytest
from peers import ScriptPeer

PYTHON = "/usr/bin/python3"


class Aiosmtpd(ScriptPeer):
    """aiosmtpd: neither PIPELINING nor CHUNKING."""

    NEEDS = (PYTHON,)
    SCRIPT = "aiosmtpd_server.py"

    @classmethod
    def skip_unless_possible(cls):
        super().skip_unless_possible()
        if subprocess.run([PYTHON, "-c", "import aiosmtpd"], stderr=subprocess.DEVNULL).returncode != 0:
            pytest.skip("there is no python3-aiosmtpd")

    def interpreter(self):
        return [PYTHON]
