# SPDX-License-Identifier: ISC
"""How fast an upstream is sent mail: as configured, slower when it says so, and faster again; no message pays for it."""


import pytest
from postern import Postern, wait_until
from provider import Provider

CONTENT = {"mail": [], "rcpt": [], "data": ["--without", "CHUNKING"], "dot": []}  # else there is no DATA
THROTTLE = "454 4.7.0 Throttling failure: Maximum sending rate exceeded"


def upstream(postern):
    """The first upstream of `posternctl status --json`."""
    return postern.status()["upstreams"][0]


def assert_no_message_paid(postern):
    """Nothing bounced, nothing burnt an attempt, and the upstream was never held."""
    for event in ("bounced", "failed", "deferred", "upstream_held"):
        assert not postern.log(event), postern.log(event)
    assert {record["attempt"] for record in postern.log("delivered")} == {"1"}


def send_many(postern, count):
    with postern.smtp() as client:
        for _ in range(count):
            client.sendmail("a@x.example", ["b@y.example"], b"Subject: t\r\n\r\nx\r\n")


@pytest.mark.parametrize("rate, per_s, count", [("10/s", 10, 50), ("300/m", 5, 20), ("120/m", 2, 8)])
def test_the_rate_is_kept(provider, rate, per_s, count):
    with Postern(provider, upstream={"rate": rate}) as postern:
        send_many(postern, count)
        provider.wait_for(count, timeout=60)
        times = sorted(event["t"] for event in provider.events("message"))
        for begin in times:  # a second's worth may come at once, so a second sees twice that at most
            within = [t for t in times if begin <= t < begin + 1]
            assert len(within) <= 2 * per_s + 2, within
        passed = times[-1] - times[0]
        assert passed >= (count - per_s - 1) / per_s * 0.9, passed
        assert_no_message_paid(postern)


def test_a_few_messages_need_not_wait_for_a_days_rate(provider):
    with Postern(provider, upstream={"rate": "100/d"}) as postern:
        send_many(postern, 12)
        provider.wait_for(11)
        wait_until(lambda: len(postern.queue()) == 1, what="a queue of one")


@pytest.mark.parametrize("reply", [THROTTLE, "421 4.7.28 unusual rate of mail"])
@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_a_throttle_slows_the_upstream_and_costs_no_attempt(step, reply):
    with Provider(*CONTENT[step]) as provider, Postern(provider, upstream={"rate": "20/s"}) as postern:
        provider.fault(f"{step}=reply:{reply},count=1")
        first, second = postern.send(), postern.send()
        postern.wait_log("delivered", id=first)
        postern.wait_log("delivered", id=second)
        assert postern.wait_log("upstream_throttled")["messages_per_s"] == "10"
        assert_no_message_paid(postern)
        shown = upstream(postern)
        assert shown["state"] == "up" and shown["rate_per_s"] == 20 and shown["pace_per_s"] < 20
        assert shown["throttled_since"] and reply[:10] in shown["throttled_because"]
        text = postern.ctl("status").stdout
        assert "configured 20 a second" in text and "because: " in text
        assert provider.count() == 2


def test_the_rate_climbs_back(provider):
    with Postern(provider, upstream={"rate": "20/s"}) as postern:
        provider.fault(f"dot=reply:{THROTTLE},count=1")
        postern.wait_log("delivered", id=postern.send())
        paces = {upstream(postern)["pace_per_s"]}

        def is_back():
            paces.add(upstream(postern)["pace_per_s"])
            return 20 in paces

        wait_until(is_back, 60, "the configured rate")
        assert len(paces) > 3, paces  # step by step
        assert upstream(postern)["throttled_since"] is None


def test_one_recipient_throttled_does_not_keep_the_others(provider):
    with Postern(provider) as postern:
        provider.fault(f"rcpt=reply:{THROTTLE},rcpt=slow@*,count=1")
        id = postern.send(to=("one@y.example", "slow@y.example", "two@y.example"))
        assert postern.wait_log("delivered", id=id, to="slow@y.example")["attempt"] == "1"
        assert sorted(m.rcpts for m in provider.messages()) == [["one@y.example", "two@y.example"], ["slow@y.example"]]
        assert_no_message_paid(postern)


def test_a_provider_that_throttles_gets_all_without_a_configured_rate():
    with Provider("--rate", "10/s") as provider, Postern(provider) as postern:
        postern.load(40)
        provider.wait_for(40, timeout=80)
        assert postern.log("upstream_throttled")
        postern.wait_empty()
        assert_no_message_paid(postern)
        assert provider.count() == 40


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_432_halves_the_connections(step):
    with Provider(*CONTENT[step]) as provider, Postern(provider, upstream={"connections": 8}) as postern:
        provider.fault(f"{step}=reply:432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded,count=1")
        postern.load(40)
        provider.wait_for(40, timeout=60)
        shown = upstream(postern)
        assert shown["connections_max"] == 8 and shown["connections_allowed"] <= 5, shown
        assert "432 4.3.2" in shown["throttled_because"]
        postern.wait_empty()
        assert_no_message_paid(postern)


def test_connections_that_are_refused_are_too_many():
    with Provider("--max-connections", "2", "--latency", "5") as provider:
        with Postern(provider, upstream={"connections": 8}) as postern:
            postern.load(200)
            provider.wait_for(200, timeout=60)
            postern.wait_log("upstream_throttled")
            assert upstream(postern)["connections_allowed"] <= 4
            postern.wait_empty()
            assert_no_message_paid(postern)


def test_status_says_when_the_queue_will_be_drained(provider):
    with Postern(provider, upstream={"rate": "2/s"}) as postern:
        send_many(postern, 20)
        postern.wait_log("delivered", n=3)
        shown = upstream(postern)
        assert shown["waiting"] <= 17 and shown["waiting"] / 3 <= shown["drained_in_s"] <= shown["waiting"], shown
        text = postern.ctl("status").stdout
        assert "pace: 2 a second\n" in text and "messages wait for it; drained in about" in text
        postern.set(upstream={"rate": "1000/s"})
        postern.reload()
        postern.wait_empty()
        assert upstream(postern)["waiting"] == 0 and upstream(postern)["drained_in_s"] is None


def test_no_connection_is_made_long_before_its_time(provider):
    """While the pace lets nothing through for minutes, one that was closed is not made again at once."""
    with Postern(provider, upstream={"rate": "2/h"}) as postern:
        postern.wait_log("delivered", id=postern.send())
        postern.send()
        provider.drop_all()
        wait_until(lambda: upstream(postern)["connections"] == 0, 10, "the end of the connection")
        postern.wait_log("accepted", id=postern.send())
        assert upstream(postern)["connections"] == 0 and provider.stats()["connections_total"] == 1
