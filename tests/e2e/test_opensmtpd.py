# SPDX-License-Identifier: ISC
"""Through a real OpenSMTPD, which offers neither PIPELINING nor CHUNKING."""

import pytest
from opensmtpd import OpenSmtpd
from peer_tests import PeerTests


@pytest.fixture
def peer():
    with OpenSmtpd() as peer:
        yield peer


class TestOpenSmtpd(PeerTests):
    pass
