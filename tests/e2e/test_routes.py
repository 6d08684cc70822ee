# SPDX-License-Identifier: ISC
"""Routes: which upstream gets a recipient, who takes over, who goes first; and what waits follows today's config."""

import collections
import json
import re
import subprocess
import threading

import pytest
from postern import Postern, free_port, submit, wait_until
from provider import Provider
from smtplib import SMTP

BOTH = ["b@a.example", "c@b.example"]  # a recipient for each upstream


class Pair:
    """A posternd with the upstreams a and b, each at a provider of its own."""

    def __init__(self, route, **settings):
        self.a, self.b = Provider(), Provider()
        self.providers = {"a": self.a, "b": self.b}
        self.postern = Postern(self.a, wait=False, **settings)
        first = dict(self.postern.settings["upstream"]["provider"])
        # Upstreams are named in the other order, so that the routes' lists decide.
        self.postern.set(upstream={"b": first, "a": dict(first)}, route=route)

    def __enter__(self):
        for name, provider in self.providers.items():
            provider.start()
            upstream = self.postern.settings["upstream"][name]
            upstream.update(port=provider.starttls_port, ca_file=provider.ca_file, username=provider.user,
                            password_file=self.postern.password_file)
        self.postern.write_password(self.a.password)
        self.postern.set()
        self.postern.__enter__()
        self.postern.wait_ready()
        return self

    def __exit__(self, *exc):
        try:
            self.postern.__exit__(*exc)
        finally:
            for provider in self.providers.values():
                provider.__exit__(*exc)

    def stop(self, name):
        """Nobody reaches this one any more."""
        self.providers[name].stop_listening()
        self.providers[name].drop_all()

    def start(self, name):
        self.providers[name].start_listening()

    def got(self, name):
        """The recipients of the messages that it has taken."""
        return sorted(rcpt for message in self.providers[name].messages() for rcpt in message.rcpts)

    def route(self, name):
        """A route of posternctl status."""
        routes = self.postern.status()["routes"]
        return next(route for route in routes if route["name"] == name)

    def message(self, id):
        """All that the control socket tells of a message."""
        told = subprocess.run(["curl", "-sSf", "--unix-socket", self.postern.control, f"http://localhost/queue/{id}"],
                              check=True, capture_output=True, timeout=30)
        return json.loads(told.stdout)

    def delivered(self, id, to):
        """Wait until a recipient has its message; returns the upstream that took it."""
        return self.postern.wait_log("delivered", id=id, to=to)["upstream"]


def by_domain(**more):
    """Each domain to its own upstream."""
    return {"to-a": dict({"to": ["a.example"], "upstreams": ["a"]}, **more), "to-b": {"upstreams": ["b"]}}


FAILOVER = {"all": {"upstreams": ["a", "b"]}}


# Which way


def test_by_sender_recipient_and_listener():
    route = {"bounces": {"from": "<>", "upstreams": "b"},
             "news": {"from": ["*@news.example", "digest@app.example"], "upstreams": "b"},
             "partner": {"to": ["partner.example", "*.partner.example"], "upstreams": "b"},
             "lan": {"listen": "other", "upstreams": "b"},
             "rest": {"upstreams": "a"}}
    cases = [("", "x@y.example", "local", "b"), ("app@news.example", "x@y.example", "local", "b"),
             ("Digest@App.Example", "x@y.example", "local", "b"), ("app@app.example", "x@y.example", "local", "a"),
             ("app@sub.news.example", "x@y.example", "local", "a"),
             ("app@app.example", "x@Partner.Example", "local", "b"),
             ("app@app.example", "x@mx.partner.example", "local", "b"),
             ("app@app.example", "x@notpartner.example", "local", "a"), ("app@app.example", "x@y.example", "other", "b")]
    pair = Pair(route)
    ports = {"local": pair.postern.port, "other": free_port()}
    pair.postern.set(listen={name: {"address": "127.0.0.1", "port": port} for name, port in ports.items()})
    with pair:
        for sender, to, listener, upstream in cases:
            with SMTP("127.0.0.1", ports[listener]) as client:
                id = submit(client, sender=sender, to=[to])
            assert pair.delivered(id, to) == upstream, (sender, to, listener)


def test_what_no_route_takes_goes_to_upstreams_that_none_names():
    with Pair({"partner": {"to": "partner.example", "upstreams": "a"}}) as pair:
        assert pair.delivered(pair.postern.send(to=["x@y.example"]), "x@y.example") == "b"
        assert pair.delivered(pair.postern.send(to=["x@partner.example"]), "x@partner.example") == "a"
        assert pair.route("(default)")["upstreams"] == ["b"]


def test_a_report_has_a_route_of_its_own():
    with Pair({"bounces": {"from": "<>", "upstreams": "b"}, "rest": {"upstreams": "a"}}) as pair:
        pair.a.fault("rcpt=reply:550 5.1.1 no such user")
        pair.postern.send(sender="app@x.example")
        assert pair.b.wait_for(1)[0].rcpts == ["app@x.example"]


# Mixed recipients


def test_a_held_upstream_keeps_only_its_own_recipients_waiting():
    with Pair(by_domain()) as pair:
        pair.stop("a")
        id = pair.postern.send(to=BOTH)
        assert pair.delivered(id, BOTH[1]) == "b"
        pair.postern.wait_log("upstream_held", upstream="a")
        other = pair.postern.send(to=[BOTH[1]])
        pair.delivered(other, BOTH[1])
        message = pair.postern.queue()[0]
        assert message["to"] == [BOTH[0]] and message["routes"] == ["to-a"]
        assert "by to-a" in pair.postern.ctl("queue").stdout
        waiting, done = pair.message(id)["recipients"]
        assert waiting["route"] == "to-a" and waiting["upstream"] is None and not waiting["done"] and done["done"]
        assert "c@b.example (done)" in pair.postern.ctl("show", id).stdout
        assert "b@a.example (route to-a: all upstreams are held)" in pair.postern.ctl("show", id).stdout
        pair.start("a")
        pair.delivered(id, BOTH[0])
        pair.postern.wait_empty()
        assert pair.got("a") == [BOTH[0]] and pair.got("b") == [BOTH[1]] * 2


def test_who_is_put_off_waits_alone_and_is_tried_in_time():
    """The recipient of a is deferred while b is held: its next try comes, though b's still waits."""
    with Pair(by_domain()) as pair:
        pair.a.fault("rcpt=reply:450 4.2.1 later,count=2")
        pair.stop("b")
        id = pair.postern.send(to=BOTH)
        pair.postern.wait_log("attempt", id=id, to=BOTH[0])
        pair.delivered(id, BOTH[0])
        assert pair.got("b") == []
        pair.start("b")
        pair.delivered(id, BOTH[1])
        pair.postern.wait_empty()
        assert pair.got("a") == [BOTH[0]] and pair.got("b") == [BOTH[1]]


def test_both_put_off_are_one_attempt():
    with Pair(by_domain()) as pair:
        for provider in pair.providers.values():
            provider.fault("rcpt=reply:450 4.2.1 later,count=1")
        id = pair.postern.send(to=BOTH)
        for to in BOTH:
            pair.delivered(id, to)
        assert {r["attempts"] for r in pair.postern.log("deferred", id=id)} == {"1"}
        pair.postern.wait_empty()


def test_an_order_means_all_recipients():
    """A message whose one recipient waits for his time, and the other for his upstream, is retried as a whole."""
    with Pair(by_domain(), queue={"retry_min": "1h", "retry_max": "2h"}) as pair:
        pair.a.fault("rcpt=reply:450 4.2.1 later,count=1")
        pair.stop("b")
        id = pair.postern.send(to=BOTH)
        pair.postern.wait_log("deferred", id=id)
        assert pair.postern.ctl("hold", id).returncode == 0
        assert pair.postern.ctl("release", id).returncode == 0
        assert pair.delivered(id, BOTH[0]) == "a"
        pair.start("b")
        assert pair.postern.ctl("retry", id).returncode in (0, 66)  # 66: a probe was there before it
        assert pair.delivered(id, BOTH[1]) == "b"


def test_a_restart_keeps_who_is_done():
    with Pair(by_domain()) as pair:
        pair.stop("a")
        id = pair.postern.send(to=BOTH)
        pair.delivered(id, BOTH[1])
        pair.postern.restart()
        pair.start("a")
        pair.delivered(id, BOTH[0])
        pair.postern.wait_empty()
        assert pair.got("a") == [BOTH[0]] and pair.got("b") == [BOTH[1]]


# Failover


def test_failover_and_return_are_told_once():
    with Pair(FAILOVER) as pair:
        pair.stop("a")
        for _ in range(3):
            assert pair.delivered(pair.postern.send(), "b@y.example") == "b"
        assert pair.route("all")["upstream"] == "b"
        assert re.search(r"^route all: a, b; now b", pair.postern.ctl("status").stdout, re.MULTILINE)
        pair.start("a")

        def is_back():
            return pair.delivered(pair.postern.send(), "b@y.example") == "a" and pair.route("all")["upstream"] == "a"

        wait_until(is_back, 30, "the return")
        assert len(pair.postern.log("route_failover", route="all", to="b")) == 1
        assert len(pair.postern.log("route_return", route="all", to="a")) == 1
        pair.postern.wait_empty()
        ids = [re.search(rb" id (\w+)", m.content)[1] for p in pair.providers.values() for m in p.messages()]
        assert len(ids) == len(set(ids)) == len(pair.postern.log("accepted"))


def test_the_traffic_returns_when_a_probe_went_well():
    """A login alone is not enough: while the first refuses mail, the second has all of it."""
    with Pair(FAILOVER) as pair:
        pair.postern.settings["upstream"]["b"]["rate"] = "20/s"  # so that there is something to probe with
        pair.postern.set()
        pair.postern.reload()
        pair.a.fault("mail=reply:550 5.7.1 account suspended,from=*@load.example")
        pair.postern.load(200)
        pair.postern.wait_log("upstream_probe_failed", n=2, upstream="a")
        assert not pair.postern.log("upstream_up", upstream="a")
        assert pair.got("a") == []
        pair.a.clear_faults()
        pair.postern.wait_log("route_return")
        pair.postern.wait_empty(60)
        assert pair.a.count() > 0 and pair.a.count() + pair.b.count() == 200


def test_an_upstream_that_fails_again_and_again_is_used_less_and_less():
    with Pair(FAILOVER, queue={"retry_min": "200ms", "retry_max": "1h"}) as pair:
        pair.a.fault("mail=reply:550 5.7.1 account suspended,every=2")

        def is_held_often():
            pair.postern.send()
            return len(pair.postern.log("upstream_held", upstream="a")) >= 4

        wait_until(is_held_often, 60, "four holds")
        waits = [int(r["probe_in_ms"]) for r in pair.postern.log("upstream_held", upstream="a")]
        assert all(later > 1.5 * earlier for earlier, later in zip(waits, waits[1:])), waits
        pair.postern.wait_empty()


def duplicates(pair):
    """How often each message came, of those that came; by its X-Test-Id."""
    return collections.Counter(m.test_id for p in pair.providers.values() for m in p.messages())


@pytest.mark.timeout(180)
def test_each_killed_and_restarted_under_load():
    """Nothing is lost, and nothing is doubled but what was in flight, as the log says."""
    with Pair(FAILOVER) as pair:
        acks = pair.postern.dir / "acks"
        load = threading.Thread(target=pair.postern.load, args=(1500, "--ack-log", str(acks), "--clients", "4"))
        load.start()
        for name in ("a", "b", "a", "b"):
            wait_until(lambda: pair.a.count() + pair.b.count() > 50, 60, "some deliveries")
            pair.providers[name].restart(kill=True)
        load.join()
        pair.postern.wait_empty(90)
        came = duplicates(pair)
        assert set(acks.read_text().split()) <= set(came)
        uncertain = [r for r in pair.postern.log("attempt") if "outcome unknown" in r["reply"]]
        assert sum(came.values()) - len(came) <= len(uncertain)
        assert not pair.postern.log("failed")


# Today's config


def test_what_waits_follows_a_reload():
    with Pair({"all": {"upstreams": ["a"]}}) as pair:
        pair.stop("a")
        id = pair.postern.send()
        pair.postern.wait_log("upstream_held", upstream="a")
        pair.postern.set(route={"all": {"upstreams": ["b"]}})
        pair.postern.reload()
        assert pair.delivered(id, "b@y.example") == "b"
        pair.postern.wait_empty()


def test_what_was_put_off_follows_a_reload():
    with Pair({"all": {"upstreams": ["a"]}}) as pair:
        pair.a.fault("rcpt=reply:450 4.2.1 later")
        id = pair.postern.send()
        pair.postern.wait_log("deferred", id=id)
        pair.postern.set(route={"mine": {"from": "a@x.example", "upstreams": ["b"]}, "all": {"upstreams": ["a"]}})
        pair.postern.reload()
        assert pair.delivered(id, "b@y.example") == "b"


# Priority

BACKLOG, URGENT = 400, 24


def order_behind(pair, event_of_last, mark):
    """The senders of what was delivered after a line of the log, in order."""
    records = pair.postern.log()
    at = max(i for i, r in enumerate(records) if r["event"] == "accepted" and r["from"] == event_of_last)
    return [r["from"] == mark for r in records[at:] if r["event"] == "delivered"]


@pytest.mark.parametrize("by", ["route", "listener"])
def test_urgent_mail_overtakes_a_backlog_and_starves_it_not(by):
    urgent, bulk = "reset@app.example", "news@bulk.example"
    route = {"urgent": {"from": urgent, "upstreams": ["a"], "priority": 9}} if by == "route" else {}
    route["all"] = {"upstreams": ["a"]}
    with Pair(route) as pair:
        port = free_port() if by == "listener" else pair.postern.port
        listen = {"local": dict(pair.postern.settings["listen"]["local"], priority=-5)}
        if by == "listener":
            listen["urgent"] = {"address": "127.0.0.1", "port": port, "priority": 5}
        pair.postern.settings["upstream"]["a"]["rate"] = "8/s"
        pair.postern.set(listen=listen)
        pair.postern.reload()
        pair.postern.load(BACKLOG, "--sender", bulk)
        with SMTP("127.0.0.1", port) as client:
            for _ in range(URGENT):
                submit(client, sender=urgent)
        pair.postern.wait_log("delivered", n=URGENT, **{"from": urgent})
        order = order_behind(pair, urgent, urgent)
        last = len(order) - order[::-1].index(True)  # when all that is urgent was delivered
        bulk_between = order[:last].count(False)
        assert 1 <= bulk_between <= URGENT / 7 + 4, order
        message = json.loads(pair.postern.ctl("queue", "--json", "--from", bulk).stdout)[-1]
        assert pair.message(message["id"])["priority"] == -5


# Mistakes

MISTAKES = [
    ({"all": {"to": "y.example"}}, "upstreams is missing"),
    ({"all": {"upstreams": "c"}}, "upstreams = c: there is no such upstream; allowed: names of sections: b, a"),
    ({"all": {"upstreams": ["a", "a"]}}, "upstreams = a: named twice"),
    ({"all": {"upstreams": "a"}, "late": {"to": "y.example", "upstreams": "b"}}, 'never used, since route "all"'),
    ({"part": {"to": "y.example", "upstreams": ["a", "b"]}}, "mail that no route takes could go nowhere"),
    ({"all": {"listen": "nobody", "upstreams": "a"}}, "listen = nobody: there is no such listener"),
    ({"all": {"to": "@y.example", "upstreams": "a"}}, "to = @y.example: has nothing before its @"),
    ({"all": {"upstreams": "a", "priority": 10}}, "priority = 10: too large; allowed: a number from -9 to 9"),
]


@pytest.mark.parametrize("route, words", MISTAKES, ids=[words[:30] for _, words in MISTAKES])
def test_a_mistake_is_told_with_its_place(provider, route, words):
    with Postern(provider) as postern:
        first = dict(postern.settings["upstream"]["provider"])
        postern.set(upstream={"b": first, "a": first}, route=route)
        told = postern.run("-t")
        assert told.returncode == 78
        assert words in told.stderr + told.stdout
        assert re.search(rf"{postern.config_file}:\d+: route ", told.stderr + told.stdout)
