# SPDX-License-Identifier: ISC
"""Through a real aiosmtpd, which offers neither PIPELINING nor CHUNKING."""

import pytest
from aiosmtpd_peer import Aiosmtpd
from peer_tests import PeerTests


@pytest.fixture
def peer():
    with Aiosmtpd() as peer:
        yield peer


class TestAiosmtpd(PeerTests):
    pass
