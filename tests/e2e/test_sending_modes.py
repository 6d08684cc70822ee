# SPDX-License-Identifier: ISC
"""Each misbehaviour at each step, in each mode of sending: the fate of its message, and of those around it.

Seven messages are queued while the connection is made, so that they are on their way together; the fourth one is the
victim.  Nothing is lost, nothing bounces that must not, and nothing arrives twice but what was on its way with its
outcome unknown.
"""

import collections
import re

import pytest
from postern import Postern, submit
from provider import Provider, wait_until

MODES = {
    "stream": [],
    "envelope": ["--without", "CHUNKING"],
    "off": ["--without", "CHUNKING", "--without", "PIPELINING"],
    "chunks": ["--without", "PIPELINING"],
}
MESSAGES = ["a1", "a2", "a3", "victim", "b1", "b2", "b3"]
LATENCY = 10  # so that replies are outstanding


def content(name):
    return f"Subject: {name}\r\nX-Test-Id: {name}\r\n\r\n.dots\r\n..and more\r\n{name}\r\n".encode()


def start(provider, **upstream):
    return Postern(provider, upstream={"connections": 1, **upstream}, queue={"retry_min": "100ms", "retry_max": "300ms"})


def send_all(postern, names=MESSAGES):
    """Queue messages, each from a sender of its own name; returns {name: queue id}."""
    with postern.smtp() as client:
        return {name: postern.send(content(name), f"{name}@x.example", [f"{name}@y.example"]) for name in names
                if client}


class Outcome:
    """What became of the messages, once all are delivered or bounced."""

    def __init__(self, postern, ids):
        self.postern = postern
        self.ids = ids
        postern.wait_empty(60)
        self.arrived = collections.Counter(m.test_id for m in postern.provider.messages() if m.mail_from)
        self.bounced = {name for name, id in ids.items() if postern.log("bounced", id=id)}

    def attempts(self, name):
        """Those that failed."""
        return len(self.postern.log("deferred", id=self.ids[name]))

    def unknown(self, name):
        """Those whose outcome is unknown."""
        return sum("outcome unknown" in r["why"] for r in self.postern.log("deferred", id=self.ids[name]))

    def check(self):
        """Nothing lost, nothing doubled but by what is unknown, each bounce for the victim."""
        assert self.bounced <= {"victim"}
        for name in self.ids:
            if name in self.bounced:
                assert self.arrived[name] == 0, name
            else:
                assert 1 <= self.arrived[name] <= 1 + self.unknown(name), (name, self.arrived)
        return self

    def check_neighbours(self):
        """Each of them was delivered once, at its first attempt."""
        for name in self.ids:
            if name != "victim":
                assert (self.arrived[name], self.attempts(name)) == (1, 0), name
        return self


def steps_of(mode):
    return ["mail", "rcpt", "dot", *(["data"] if mode in ("envelope", "off") else ["bdat"])]


def table(actions, modes=MODES):
    return [(mode, step, action) for mode in modes for step in steps_of(mode) for action in actions]


def fault_at(step, action):
    return f"{step}={action},from=victim@*,count=1"


# What ends by a timeout alone.
SILENT = r"\w+=(silence|omit|endless|endless-line|accept-then-silence|stall|swap)\b"


def run(mode, faults, *options, **upstream):
    """Send all with these faults; returns the outcome.  Where one is SILENT the upstream's timeout is short, if none is given."""
    if any(re.match(SILENT, fault) for fault in faults):
        upstream.setdefault("timeout", "1500ms")
    orders = [word for fault in faults for word in ("--fault", fault)]
    with Provider("--latency", str(LATENCY), *MODES[mode], *orders, *options) as provider:
        with start(provider, **upstream) as postern:
            outcome = Outcome(postern, send_all(postern)).check()
            outcome.violations = provider.stats()["violations"]
            outcome.warnings = len(postern.log("upstream_falls_back"))
            outcome.held = len(postern.log("upstream_held"))
            return outcome


@pytest.mark.parametrize("mode", MODES)
def test_sound_replies(mode):
    outcome = run(mode, []).check_neighbours()
    assert (outcome.arrived["victim"], outcome.violations, outcome.warnings) == (1, 0, 0)


# Refusals are ordinary


@pytest.mark.parametrize("mode, step, action", table(["reply:450 4.2.0 later", "reply:452 4.3.1 disk full"]))
def test_a_4xx_puts_off_its_message_alone(mode, step, action):
    outcome = run(mode, [fault_at(step, action)]).check_neighbours()
    assert (outcome.arrived["victim"], outcome.attempts("victim")) == (1, 1)
    assert (outcome.violations, outcome.held, outcome.warnings) == (0, 0, 0)


@pytest.mark.parametrize("mode, step, action", table(["reply:550 5.7.1 no", "reply:554 no"]))
def test_a_5xx_bounces_its_message_alone(mode, step, action):
    outcome = run(mode, [fault_at(step, action)]).check_neighbours()
    assert (outcome.bounced, outcome.attempts("victim")) == ({"victim"}, 0)
    assert (outcome.violations, outcome.held, outcome.warnings) == (0, 0, 0)


@pytest.mark.parametrize("mode", MODES)
def test_nobody_gets_mail_under_the_sender_of_another(mode):
    """A server that keeps a transaction open, of which it took no recipient."""
    with Provider("--latency", str(LATENCY), "--keep-transaction", *MODES[mode], "--fault",
                  "rcpt=reply:550 5.1.1 no such user,from=victim@*") as provider, start(provider) as postern:
        outcome = Outcome(postern, send_all(postern)).check().check_neighbours()
        assert outcome.bounced == {"victim"} and provider.stats()["violations"] == 0
        for message in provider.messages():
            if message.mail_from:
                assert message.mail_from.split("@")[0] == message.rcpts[0].split("@")[0] == message.test_id


@pytest.mark.parametrize("mode", MODES)
def test_421_ends_the_connection_and_harms_nobody(mode):
    for step in steps_of(mode):
        outcome = run(mode, [fault_at(step, "421")]).check_neighbours()
        assert outcome.arrived["victim"] == 1 and outcome.attempts("victim") <= 1 and outcome.violations == 0, step


@pytest.mark.parametrize("mode", MODES)
def test_a_limit_of_messages_per_connection_harms_nobody(mode):
    outcome = run(mode, [], "--messages-per-connection", "2").check_neighbours()
    assert (outcome.arrived["victim"], outcome.attempts("victim"), outcome.held) == (1, 0, 0)


@pytest.mark.parametrize("mode, step", [(mode, step) for mode in MODES for step in steps_of(mode)])
def test_trouble_of_the_account_leaves_all_untouched(mode, step):
    outcome = run(mode, [fault_at(step, "reply:550 5.4.5 Daily SMTP relay limit exceeded")]).check_neighbours()
    assert (outcome.arrived["victim"], outcome.attempts("victim"), outcome.held) == (1, 0, 1)


# Replies that are sound, in an odd form


@pytest.mark.parametrize("mode, step, action", table(["split:1", "long", "delay:300"]))
def test_odd_forms_are_understood(mode, step, action):
    outcome = run(mode, [fault_at(step, action)]).check_neighbours()
    assert (outcome.arrived["victim"], outcome.attempts("victim"), outcome.violations, outcome.held) == (1, 0, 0, 0)


# Replies that do not fit


UNFIT = ["reply:354 go on", "reply:503 5.5.1 bad sequence", "reply:250 2.0.0 ok", "twice", "swap", "accept-then-raw:200 ok\\r\\n"]


@pytest.mark.parametrize("mode, step, action", table(UNFIT) + [
    ("stream", "bdat", "reply:502 5.5.1 what"), ("stream", "bdat", "reply:500 what"), ("stream", "bdat", "reply:504 no"),
    ("chunks", "bdat", "reply:502 5.5.1 what"),
])
def test_a_reply_that_does_not_fit_loses_and_bounces_nothing(mode, step, action):
    outcome = run(mode, [fault_at(step, action)])  # one at a time, what is swapped never comes
    assert not outcome.bounced
    outcome.check_neighbours()
    assert outcome.attempts("victim") <= 1


@pytest.mark.parametrize("action", ["reply:502 5.5.1 what", "reply:451 4.3.0 no", "421", "twice", "close", "swap"])
@pytest.mark.parametrize("mode", MODES)
def test_a_refused_rset_harms_nobody(mode, action):
    outcome = run(mode, [f"rset={action},after=2,count=1", "rcpt=reply:550 5.1.1 no,from=victim@*"])
    assert outcome.bounced == {"victim"}
    if action != "close":
        outcome.check_neighbours()


def test_bdat_that_is_offered_in_vain_is_done_without():
    with Provider("--latency", str(LATENCY), "--fault", "bdat=reply:502 5.5.1 not implemented") as provider:
        with start(provider) as postern:
            outcome = Outcome(postern, send_all(postern)).check().check_neighbours()
            assert outcome.attempts("victim") == 0 and len(postern.log("upstream_falls_back")) == 1
            postern.send(content("later"))
            outcome = Outcome(postern, {"later": outcome.ids["a1"]})
            assert outcome.arrived["later"] == 1 and len(postern.log("upstream_falls_back")) == 1


@pytest.mark.parametrize("mode", ["stream", "envelope"])
def test_large_content_has_the_time_that_a_slow_link_takes(mode):
    """A minute for each MiB, besides that for a reply."""
    with Provider(*MODES[mode], "--fault", "dot=delay:2500") as provider, start(provider, timeout="1500ms") as postern:
        id = postern.send(content("large") + (b"x" * 70 + b"\r\n") * 8000)
        postern.wait_log("delivered", id=id)
        assert not [r for r in postern.log() if "end of data: no answer" in r.get("why", "")]


@pytest.mark.parametrize("step", ["mail", "rcpt", "dot", "rset"])
def test_a_refusal_behind_a_reply_too_many_is_credited_to_no_other(step):
    """From the reply too many on, each one belongs to the command before."""
    outcome = run("stream", [f"{step}=twice,after=1,count=1", "dot=reply:451 4.3.0 later,from=victim@*,count=1"])
    assert not outcome.bounced


def test_the_last_refusal_behind_a_reply_too_many_is_heard():
    """Nothing that postern sends for a message follows it: its reply is made sure of before it counts."""
    names = [name for name in MESSAGES if name != "victim"] + ["victim"]
    with Provider("--latency", str(LATENCY), "--fault", "dot=twice,from=a3@*,count=1",
                  "--fault", "dot=reply:554 5.6.0 no,from=victim@*") as provider:
        with start(provider) as postern:
            assert Outcome(postern, send_all(postern, names)).check().bounced == {"victim"}


EXTRA = "accept-then-raw:550 5.1.1 not you\\r\\n250 2.1.5 ok\\r\\n"  # the second one is the reply


@pytest.mark.parametrize("mode", ["stream", "envelope"])
@pytest.mark.parametrize("step", ["mail", "rcpt", "dot"])
@pytest.mark.parametrize("names", [["victim"], MESSAGES], ids=["alone", "amid"])
def test_a_refusal_too_many_bounces_nobody(mode, step, names):
    """The victim has two recipients, so that no reply contradicts another; the server takes it for both."""
    with Provider("--latency", str(LATENCY), *MODES[mode], "--fault", f"{step}={EXTRA},from=victim@*,count=1") as provider, \
            start(provider) as postern:
        with postern.smtp() as client:
            for name in names:
                submit(client, content(name), f"{name}@x.example", [f"{name}@y.example", f"{name}.2@y.example"])
        postern.wait_empty(60)
        assert not postern.log("failed")


def test_a_real_refusal_behind_replies_too_many_is_not_lost():
    """Several RCPTs are answered twice: by then what counts for one message belongs to another."""
    with Provider("--latency", str(LATENCY), "--fault", "rcpt=twice,count=4", "--fault",
                  "dot=reply:554 5.6.0 no,from=victim@*") as provider, start(provider) as postern:
        assert Outcome(postern, send_all(postern)).check().bounced == {"victim"}


def test_a_single_message_that_is_refused_behind_a_reply_too_many_is_not_lost():
    with Provider("--latency", str(LATENCY), "--fault", "rcpt=twice,count=1", "--fault",
                  "dot=reply:554 5.6.0 no,from=victim@*") as provider, start(provider) as postern:
        assert Outcome(postern, send_all(postern, ["victim"])).check().bounced == {"victim"}


# The connection breaks


BREAKS = ["close", "rst", "garbage", "silence", "omit", "endless", "endless-line", "accept-then-close",
          "accept-then-rst", "accept-then-garbage", "accept-then-silence"]


@pytest.mark.parametrize("mode, step, action", table(BREAKS))
def test_a_broken_connection_loses_nothing(mode, step, action):
    outcome = run(mode, [fault_at(step, action)])
    assert not outcome.bounced
    for name in MESSAGES[:3]:  # these had their replies
        assert (outcome.arrived[name], outcome.attempts(name)) == (1, 0), name


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("action", ["close", "rst", "421", "stall", "delay:200", "tarpit:1"])
def test_content_that_is_not_read_to_its_end_is_sent_again(mode, action):
    outcome = run(mode, [f"content={action},from=victim@*,count=1,octets=20"])
    assert not outcome.bounced and outcome.arrived["victim"] == 1


def test_what_had_left_when_the_connection_broke_is_unknown_and_the_rest_is_not():
    with Provider("--latency", "100", "--fault", "dot=accept-then-close,from=victim@*,count=1") as provider:
        with Postern(provider, upstream={"connections": 1}, queue={"retry_min": "1h", "retry_max": "1h"}) as postern:
            ids = send_all(postern)
            record = postern.wait_log("deferred", id=ids["victim"])
            assert "outcome unknown" in record["why"]
            shown = postern.ctl("queue").stdout
            assert "outcome unknown" in shown and ids["victim"] in shown and ids["a1"] not in shown
            assert provider.count() == 4


# The set-up


SETUP = ["greeting", "ehlo", "starttls", "ehlo2", "auth"]
SETUP_ACTIONS = ["reply:421 4.3.2 later", "reply:450 4.3.0 later", "reply:554 5.7.1 no", "reply:354 what", "421", "garbage",
                 "close", "rst", "silence", "endless", "endless-line", "split:1", "long", "twice", "omit"]


@pytest.mark.parametrize("mode", ["stream", "envelope", "off"])
@pytest.mark.parametrize("step", SETUP)
def test_trouble_of_the_set_up_leaves_all_untouched(step, mode):
    faults = [f"{step}={action},count=1" for action in SETUP_ACTIONS]
    outcome = run(mode, faults).check_neighbours()
    assert (outcome.arrived["victim"], outcome.attempts("victim")) == (1, 0)


@pytest.mark.parametrize("action", ["reply:500 what", "421", "garbage", "close", "rst", "silence", "endless", "twice"])
def test_no_reply_to_quit_matters(action):
    with Provider("--fault", f"quit={action}") as provider, start(provider) as postern:
        id = postern.send()
        postern.wait_log("delivered", id=id)
        postern.stop()
        assert provider.count() == 1
        postern.start()


# What is in flight


def test_a_thousand_recipients_go_in_transactions_of_a_hundred(provider):
    rcpts = [f"r{i}@y.example" for i in range(1000)]
    with start(provider) as postern:
        ids = send_all(postern, ["a1", "a2"])
        many = postern.send(content("many"), to=rcpts)
        ids.update(send_all(postern, ["b1"]))
        postern.wait_log("delivered", id=many, n=1000, timeout=60)
        Outcome(postern, ids).check().check_neighbours()
        found = [m for m in provider.messages() if m.test_id == "many"]
        assert sorted(sum((m.rcpts for m in found), [])) == sorted(rcpts)
        assert max(len(m.rcpts) for m in found) <= 100 and provider.stats()["violations"] == 0


@pytest.mark.parametrize("mode", MODES)
def test_large_content_goes_once_somebody_takes_it(mode):
    """A file in the spool: nothing of it is sent when all recipients are refused."""
    body = b"Subject: large\r\nX-Test-Id: large\r\n\r\n" + b".a line of some length that begins with a dot\r\n" * 20000
    with Provider("--latency", str(LATENCY), *MODES[mode], "--fault", "rcpt=reply:550 5.1.1 no,rcpt=nobody@*") as provider:
        with start(provider) as postern:
            ids = send_all(postern, MESSAGES[:3])
            postern.send(body, to=["somebody@y.example", "nobody@y.example"])
            refused = postern.send(body, to=["nobody@y.example"])
            ids.update(send_all(postern, MESSAGES[4:]))
            postern.wait_log("bounced", id=refused)
            Outcome(postern, ids).check().check_neighbours()
            large, = [m for m in provider.messages() if m.test_id == "large"]
            assert large.content.endswith(body) and large.rcpts == ["somebody@y.example"]
            assert provider.stats()["violations"] == 0


@pytest.mark.parametrize("pipelining, used", [("stream", True), ("envelope", False), ("off", False)])
def test_the_config_bounds_how_messages_are_sent(pipelining, used):
    with Provider("--latency", str(LATENCY)) as provider, start(provider, pipelining=pipelining) as postern:
        Outcome(postern, send_all(postern)).check().check_neighbours()
        assert {m.meta["used_bdat"] for m in provider.messages()} == {used}
        assert provider.stats()["violations"] == 0


def test_a_backlog_is_spread_over_connections():
    with Provider("--latency", "50", "--fault", "greeting=delay:200") as provider:
        with Postern(provider, upstream={"connections": 4}) as postern:
            postern.load(200)
            provider.wait_for(200)
            shares = collections.Counter(m.meta["connection"] for m in provider.messages())
            assert len(shares) == 4 and max(shares.values()) < 150, shares


def test_sessions_of_tls_are_resumed():
    with Provider("--messages-per-connection", "1") as provider, start(provider) as postern:
        Outcome(postern, send_all(postern)).check()
        stats = provider.stats()
        assert stats["tls_resumed"] >= stats["tls_handshakes"] - 2 > 0


def test_messages_are_streamed_before_their_replies_come():
    """One at a time would take a second and more for each of them."""
    with Provider("--latency", "300") as provider, start(provider) as postern:
        send_all(postern, ["warm"])
        provider.wait_for(1)
        send_all(postern)
        wait_until(lambda: provider.count() == 8, 5, "seven messages in a few round trips")
