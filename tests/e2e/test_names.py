# SPDX-License-Identifier: ISC
"""Names of upstreams: which addresses are tried, and what an outage of the DNS costs."""

import time

import pytest
from name_server import AAAA, NameServer, why_not
from postern import Postern
from provider import Provider, wait_until

HOST = "mail.test"

pytestmark = pytest.mark.skipif(why_not() is not None, reason=why_not() or "")


@pytest.fixture
def dns():
    with NameServer() as dns:
        dns.records[HOST] = ["127.0.0.1"]
        yield dns


@pytest.fixture
def provider():
    with Provider(auth=False) as provider:
        yield provider


class Named(Postern):
    """A posternd that asks this name server for its upstream, without TLS, since no certificate is for the name."""

    def __init__(self, dns, provider, **upstream):
        super().__init__(provider, tls="none", upstream={"host": HOST, **upstream})
        self.before_exec = dns.hide_others

    def names(self):
        file = self.spool / "names"
        return file.read_text() if file.exists() else ""

    def why(self):
        return self.wait_log("upstream_held")["why"]


def deliver(postern):
    id = postern.send()
    return postern.wait_log("delivered", id=id)


def test_a_name_from_the_dns(dns, provider):
    with Named(dns, provider) as postern:
        deliver(postern)
        assert [name for name, _ in dns.queries] == [HOST, HOST]
        assert postern.names().split()[0::2] == [HOST, "127.0.0.1"]


def test_a_name_from_the_hosts_file_and_its_change(dns, provider):
    dns.records.clear()
    with Named(dns, provider) as postern:
        postern.send()
        assert "not known" in postern.why()
        dns.write_hosts(f"127.0.0.1 localhost\n127.0.0.1 {HOST}\n")
        postern.ctl("retry", "--all")
        postern.wait_log("delivered")


def test_silence_about_ipv6_delays_nothing(dns, provider):
    dns.silent_types.add(AAAA)
    with Named(dns, provider) as postern:
        begin = time.monotonic()
        deliver(postern)
        assert time.monotonic() - begin < 7, "AAAA is given up after 9 s"


def test_an_address_without_a_route_costs_nothing(dns, provider):
    dns.records[HOST] = ["100::1", "127.0.0.1"]
    with Named(dns, provider) as postern:
        deliver(postern)
        assert not postern.log("upstream_held")


@pytest.mark.parametrize("mode", ["nxdomain", "servfail", "silent"])
def test_an_outage_holds_the_mail_and_ends_by_itself(dns, provider, mode):
    dns.mode = mode
    with Named(dns, provider, timeout="4s") as postern:
        id = postern.send()
        why = postern.why()
        assert f"cannot connect to {HOST} port" in why and "name" in why
        assert len(postern.queue()) == 1
        dns.mode = "answer"
        postern.wait_log("delivered", id=id, timeout=60)
        assert not postern.log("bounced") and not postern.log("failed") and not postern.log("deferred")
        assert "[warn]" not in postern.text()  # what libevent says is in the log's form as well


@pytest.mark.parametrize("mode", ["nxdomain", "servfail", "silent"])
def test_the_last_addresses_survive_an_outage_and_a_restart(dns, provider, mode):
    with Named(dns, provider) as postern:
        deliver(postern)
        postern.stop()
        dns.mode = mode
        postern.start()
        for _ in range(2):
            deliver(postern)
            provider.drop_all()  # so that the next one connects again
        told = postern.log("names_from_memory")
        assert len(told) == 1 and told[0]["host"] == HOST and not postern.log("upstream_held")


def test_a_damaged_memory_is_told_and_made_anew(dns, provider):
    with Named(dns, provider) as postern:
        deliver(postern)
        postern.stop()
        (postern.spool / "names").write_bytes(b"\0\1garbage")
        checked = postern.ctl("spool", "check")
        assert checked.returncode == 0, checked
        postern.start()
        postern.wait_log("names_ignored", file="names")
        deliver(postern)
        wait_until(lambda: postern.names().startswith(HOST + " "), what="a new file")


def test_connections_come_from_the_source_address(dns, provider):
    with Named(dns, provider, bind=["127.0.0.9", "::1"]) as postern:
        deliver(postern)
        assert {event["client"].rsplit(":", 1)[0] for event in provider.events("connect")} == {"127.0.0.9"}


def test_a_source_address_that_is_not_ours_holds_the_upstream(dns, provider):
    with Named(dns, provider, bind="192.0.2.9") as postern:
        id = postern.send()
        assert "from 192.0.2.9: Cannot assign requested address" in postern.why()
        postern.set(upstream={"bind": None})
        postern.reload()
        postern.wait_log("delivered", id=id)
