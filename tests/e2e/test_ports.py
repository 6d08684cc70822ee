# SPDX-License-Identifier: ISC
"""Several ports of one upstream: the first that can be reached is used, and no message waits for the others."""

import socket

import pytest
from postern import Postern, free_port, wait_until
from provider import Provider, answers


def upstream(postern):
    """The first upstream of `posternctl status --json`."""
    return postern.status()["upstreams"][0]


def relay(provider, ports, **keys):
    """A posternd whose upstream has these ports, at a provider."""
    return Postern(provider, upstream={"port": None, "ports": ports, **keys})


def assert_second_took_it(postern, second, id):
    """The message went by the second port at its first attempt, and the upstream was never held."""
    assert postern.wait_log("delivered", id=id, timeout=60)["attempt"] == "1"
    assert not postern.log("upstream_held") and not postern.log("deferred")
    assert upstream(postern)["port"] == second.ports["starttls"]
    assert second.count() >= 1


class Blackhole:
    """A port that answers no SYN: it listens, and its backlog is full."""

    def __enter__(self):
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self._listening.getsockname()[1]
        self._clients = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self.port))
            self._clients.append(client)
        return self

    def __exit__(self, kind, *exc):
        for sock in [*self._clients, self._listening]:
            sock.close()


def test_a_closed_port_is_passed_over(provider):
    with relay(provider, [free_port(), provider.ports["starttls"]]) as postern:
        assert_second_took_it(postern, provider, postern.send())
        assert "refused" in postern.log("upstream_port_failed")[0]["why"]
        for _ in range(5):  # it is remembered
            postern.wait_log("delivered", id=postern.send())
        assert len(postern.log("upstream_port", port=provider.ports["starttls"])) == 1


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_one_list_has_ports_of_both_kinds_of_tls(kind):
    """2465 begins with TLS as 465 does, the others with STARTTLS, whichever stands first."""
    if answers(2465) or answers(8465):
        pytest.skip("port 2465 or 8465 is in use")
    provider = Provider()
    provider.ports["implicit"] = 2465
    with provider:
        ports = [free_port(), 2465] if kind == "implicit" else [8465, provider.ports["starttls"]]
        with relay(provider, ports, tls=None) as postern:
            assert postern.wait_log("delivered", id=postern.send())["attempt"] == "1"
            assert upstream(postern)["port"] == provider.ports[kind] and not postern.log("upstream_held")


def test_a_port_that_drops_all_costs_seconds_not_minutes(provider):
    with Blackhole() as hole, relay(provider, [hole.port, provider.ports["starttls"]], timeout="5m") as postern:
        assert_second_took_it(postern, provider, postern.send())


@pytest.mark.parametrize("fault", [
    "connect=close", "connect=rst", "greeting=close", "greeting=garbage", "greeting=endless", "greeting=silence",
    "ehlo=close", "ehlo=no-starttls", "starttls=close", "starttls=silence", "tls=close", "starttls=reply:454 4.7.0 no",
])
def test_a_port_where_no_session_can_begin_is_passed_over(provider, fault):
    with Provider("--fault", fault) as first:
        with relay(provider, [first.ports["starttls"], provider.ports["starttls"]], timeout="2s") as postern:
            assert_second_took_it(postern, provider, postern.send())


@pytest.mark.parametrize("fault", ["auth=reply:535 5.7.8 no", "auth=close", "greeting=reply:554 5.7.1 go away",
                                   "mail=reply:550 5.4.5 Daily user sending quota exceeded"])
def test_a_refusal_moves_to_no_other_port(provider, fault):
    with Provider("--fault", fault) as first:
        with relay(provider, [first.ports["starttls"], provider.ports["starttls"]]) as postern:
            id = postern.send()
            postern.wait_log("upstream_held")
            postern.wait_log("upstream_probe_failed")
            assert provider.stats()["connections_total"] == 0
            first.clear_faults()
            assert postern.wait_log("delivered", id=id)["attempt"] == "1"


def test_a_hold_names_every_port(provider):
    ports = [free_port(), free_port(), provider.ports["starttls"]]
    provider.stop_listening()
    with relay(provider, ports) as postern:
        id = postern.send()
        why = postern.wait_log("upstream_held")["why"]
        assert all(f"port {port}: connect: " in why for port in ports), why
        provider.start_listening()
        assert postern.wait_log("delivered", id=id)["attempt"] == "1"
        assert postern.log("upstream_up")


def test_the_first_port_is_used_again_when_it_is_back(provider):
    with Provider() as first, relay(provider, [first.ports["starttls"], provider.ports["starttls"]]) as postern:
        first.stop_listening()
        assert_second_took_it(postern, provider, postern.send())
        first.start_listening()
        sent = [postern.send()]

        def is_back():
            sent.append(postern.send())
            return upstream(postern)["port"] == first.ports["starttls"]

        wait_until(is_back, 30, "the return to the first port")
        assert postern.wait_log("delivered", id=postern.send())
        postern.wait_empty()
        assert first.count() >= 1
        assert {record["attempt"] for record in postern.log("delivered")} == {"1"}
        assert not postern.log("upstream_held") and not postern.log("deferred")
        assert len(postern.log("upstream_port", port=first.ports["starttls"])) == 1  # it does not flap


@pytest.mark.parametrize("ports, word", [([587, 587], "given twice"), ([0], "too small"), ([70000], "too large"),
                                         (list(range(1, 10)), "too many ports")])
def test_bad_ports_are_refused(provider, ports, word):
    with Postern(provider) as postern:
        postern.set(upstream={"port": None, "ports": ports})
        run = postern.run("-t")
        assert run.returncode != 0 and word in run.stdout + run.stderr


def test_port_and_ports_are_not_given_together(provider):
    with Postern(provider) as postern:
        postern.set(upstream={"ports": [587, 465]})
        run = postern.run("-t")
        assert run.returncode != 0 and "one of port and ports" in run.stdout + run.stderr
