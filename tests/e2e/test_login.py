# SPDX-License-Identifier: ISC
"""Logins: each mechanism, chosen by `auth` or by what the upstream offers."""

import pathlib
import signal

import pytest
from peer_tests import RCPT, SENDER, content, delivered
from postern import Postern
from postfix import Postfix
from provider import Provider

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


def deliver_by(source, password=PASSWORD, **environment):
    """Deliver with the password from this source, and look for it where it must not be."""
    with Postfix(mechanisms="plain", password=password) as peer, \
            Postern(peer, upstream={"password_file": None, **source}, environment=environment) as postern:
        postern.send(content(), SENDER, [RCPT])
        assert delivered(peer, postern, 1)[0].content == content()
        for role in ("listener", "outbound"):
            seen = pathlib.Path(f"/proc/{postern.worker(role)}/environ").read_bytes()
            assert (password.encode() in seen) == ("OTHER" in environment)  # what the command reads is its own affair
        postern.reload()
        postern.kill("outbound")
        postern.send(content(name="2"), SENDER, [RCPT])
        assert len(delivered(peer, postern, 2)) == 2
        assert password.strip() not in postern.text()


def test_a_password_from_the_environment():
    deliver_by({"password_env": "UPSTREAM_PASSWORD"}, UPSTREAM_PASSWORD=PASSWORD)


def test_a_password_from_a_command():
    deliver_by({"password_command": 'printf "%s\\n" "$OTHER"'}, OTHER=PASSWORD)


def test_a_command_runs_once_for_each_start_and_reload(tmp_path):
    runs = tmp_path / "runs"
    runs.touch()
    runs.chmod(0o666)
    with Provider() as provider, Postern(provider) as postern:
        postern.set(upstream={"password_file": None, "password_command": f"echo x >> {runs}; echo {provider.password}"})
        postern.restart()
        assert postern.wait_log("delivered", id=postern.send()) and runs.read_text() == "x\n"
        postern.reload()
        assert postern.wait_log("delivered", id=postern.send()) and runs.read_text() == "x\n" * 2
        postern.wait_restart("outbound", postern.kill("outbound"))
        assert postern.wait_log("delivered", id=postern.send()) and runs.read_text() == "x\n" * 3


def test_a_password_from_a_credential(tmp_path):
    (tmp_path / "password").write_text(PASSWORD + "\n")
    deliver_by({"password_file": "/nowhere/password"}, CREDENTIALS_DIRECTORY=tmp_path)


@pytest.mark.parametrize("source, words", [
    ({"password_env": "NOT_SET"}, "password_env = NOT_SET: it is not set"),
    ({"password_command": "echo no key >&2; exit 2"}, "password_command: ended with status 2: no key"),
    ({"password_command": "true"}, "password_command: the password is empty"),
])
def test_a_password_that_cannot_be_had(source, words):
    """Told at once, and by a reload that changes nothing."""
    with Provider() as provider, Postern(provider) as postern:
        postern.set(upstream={"password_file": None, **source})
        checked = postern.run("-t")
        assert checked.returncode == 78
        assert words in checked.stderr
        postern.process.send_signal(signal.SIGHUP)
        assert words in postern.wait_log("reload_refused")["why"]
        postern.arrived(postern.send())
