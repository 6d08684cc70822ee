# SPDX-License-Identifier: ISC
"""Through nodemailer's smtp-server, which offers PIPELINING, but no CHUNKING."""

import pytest
from smtp_server import SmtpServer
from peer_tests import PeerTests


@pytest.fixture
def peer():
    with SmtpServer() as peer:
        yield peer


class TestSmtpServer(PeerTests):
    pass
