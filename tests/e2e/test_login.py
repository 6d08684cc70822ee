# SPDX-License-Identifier: ISC
"""Logins: each mechanism, chosen by `auth` or by what the upstream offers."""

import pytest
from peer_tests import RCPT, SENDER, content, delivered
from postern import Postern
from postfix import Postfix

MECHANISMS = ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256")
PASSWORD = " pä\"ss'wo\\rd #1 {x} ${HOME} "


def by_postfix(mechanisms, auth, taken):
    """Deliver through Postfix, whose Dovecot offers these mechanisms."""
    with Postfix(mechanisms=mechanisms, password=PASSWORD) as peer, Postern(peer) as postern:
        if auth:
            postern.set(upstream={"auth": auth})
            postern.reload()
        postern.send(content(), SENDER, [RCPT])
        assert delivered(peer, postern, 1)[0].content == content()
        assert f"sasl_method={taken.upper()}" in peer.text()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_only_one_offered(mechanism):
    by_postfix(mechanism, None, mechanism)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_one_configured(mechanism):
    by_postfix(" ".join(MECHANISMS), mechanism, mechanism)


def test_the_strongest_offered():
    by_postfix(" ".join(MECHANISMS), None, "scram-sha-256")


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_wrong_password_is_told(mechanism):
    with Postfix(mechanisms=mechanism, password=PASSWORD) as peer, Postern(peer) as postern:
        postern.write_password("wrong")
        postern.reload()
        postern.send(content(), SENDER, [RCPT])
        why = postern.wait_log("upstream_held")["why"]
        assert "535" in why
        assert ("auth can choose another" in why) == (mechanism not in ("plain", "login"))


def test_no_mechanism_in_common():
    with Postfix(mechanisms="plain login") as peer, Postern(peer, upstream={"auth": "scram-sha-256"}) as postern:
        postern.send(content(), SENDER, [RCPT])
        why = postern.wait_log("upstream_held")["why"]
        assert "postern would take SCRAM-SHA-256 (auth = scram-sha-256)" in why
        assert "offers PLAIN LOGIN" in why
