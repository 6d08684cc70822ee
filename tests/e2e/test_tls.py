# SPDX-License-Identifier: ISC
"""TLS towards an upstream as its config wants it: pins, authorities, client certificates, versions."""

import re
import shutil

import pytest
from postern import Postern
from provider import Provider, certificates


def held(postern):
    """Why the upstream is held, once a message waits for it."""
    postern.send()
    return postern.wait_log("upstream_held")["why"]


@pytest.mark.parametrize("certificate", ["self-signed", "expired", "wrong-name", "unknown-ca"])
def test_pins_from_the_log(certificate):
    """The operator copies the fingerprint that the log shows, either of the two."""
    with Provider("--certificate", certificate) as provider, \
            Postern(provider, upstream={"tls_pins": ["00" * 32]}) as postern:
        why = held(postern)
        assert "matches none of tls_pins" in why
        pins = re.search(r"fingerprint is ([0-9A-F:]+), that of its key (sha256//\S+);", why).groups()
        for n, pin in enumerate(pins):
            postern.set(upstream={"tls_pins": [pin]})
            postern.reload()
            provider.wait_for(n + 1)
            postern.wait_empty()
            postern.send()
        provider.wait_for(3)


def test_a_directory_of_authorities():
    with Provider() as provider, Postern(provider) as postern:
        authorities = postern.dir / "authorities"
        authorities.mkdir()
        shutil.copy(certificates() / "ca.pem", authorities / "any name")
        postern.set(upstream={"ca_file": None, "ca_dir": authorities})
        postern.reload()
        postern.arrived(postern.send())


@pytest.mark.parametrize("most, least", [("1.0", "1.0"), ("1.1", "1.1"), ("1.2", "1.2"), ("1.3", "1.3")])
def test_the_least_version(most, least):
    with Provider("--tls-max", most) as provider, Postern(provider, upstream={"tls_min": least}) as postern:
        message = postern.arrived(postern.send())
        assert message.meta["tls_version"] == "TLSv1" + most[1:].replace(".0", "")
        assert bool(postern.log("tls_weak")) == (least < "1.2")


def test_an_old_version_is_refused():
    with Provider("--tls-max", "1.2") as provider, Postern(provider, upstream={"tls_min": "1.3"}) as postern:
        assert "protocol version" in held(postern)
        assert provider.messages() == []


def test_ciphers():
    wanted = "TLS_CHACHA20_POLY1305_SHA256"
    with Provider() as provider, Postern(provider, upstream={"tls_ciphers": wanted}) as postern:
        assert postern.arrived(postern.send()).meta["tls_cipher"] == wanted


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("username", [None, "user"])
def test_external(tls, username):
    own = certificates()
    login = {"username": username, "password_file": None, "tls_cert_file": own / "good.pem",
             "tls_key_file": own / "good.key"}
    with Provider("--ask-certificate", "--mechanisms", "PLAIN EXTERNAL", "--tls-max", tls,
                  "--messages-per-connection", "1") as provider, Postern(provider, upstream=login) as postern:
        for _ in range(3):
            assert postern.arrived(postern.send()).meta["auth_mechanism"] == "EXTERNAL"
        assert provider.stats()["violations"] == 0


def test_external_needs_a_server_that_has_it():
    own = certificates()
    login = {"password_file": None, "tls_cert_file": own / "good.pem", "tls_key_file": own / "good.key"}
    with Provider("--ask-certificate") as provider, Postern(provider, upstream=login) as postern:
        assert "postern would take EXTERNAL (auth = auto), the upstream offers PLAIN LOGIN" in held(postern)


@pytest.mark.parametrize("key, words", [
    ("good.key", None),
    ("expired.key", "is not the key of the certificate"),
    ("good.pem", "no private key in PEM"),
    ("nowhere", "No such file"),
])
def test_a_certificate_is_checked(key, words):
    with Provider() as provider, Postern(provider) as postern:
        copy = postern.dir / "key.pem"
        if key != "nowhere":
            shutil.copy(certificates() / key, copy)
            copy.chmod(0o600)
        postern.set(upstream={"tls_cert_file": certificates() / "good.pem", "tls_key_file": copy})
        checked = postern.run("-t")
        assert checked.returncode == (78 if words else 0)
        assert (words or "OK") in checked.stdout + checked.stderr
        if words is None:
            copy.chmod(0o644)
            assert f"chmod 600 {copy}" in postern.run("-t").stderr
