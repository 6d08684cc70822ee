# SPDX-License-Identifier: ISC
"""Trouble of the upstream is no trouble of the mail: it stays, nothing leaks, and it goes when the trouble ends."""

import base64

import pytest
from postern import Postern
from provider import Provider

PASSWORDS = [b"secret", base64.b64encode(b"\0user\0secret"), base64.b64encode(b"secret")]


def upstream(postern):
    """The first upstream of `posternctl status --json`."""
    return postern.status()["upstreams"][0]


def assert_held(postern, *words):
    """The upstream is held for a reason with these words, and posternctl says so; the mail waits."""
    record = postern.wait_log("upstream_held", upstream="provider")
    shown = postern.ctl("status").stdout
    assert "held because: " in shown or "up," in shown  # "up" between two probes
    for word in words:
        assert word.lower() in record["why"].lower(), record
    assert len(postern.queue()) == 1
    assert not postern.log("bounced") and not postern.log("failed") and not postern.log("deferred")
    assert postern.provider.count() == 0


def assert_recovers(postern, id):
    """The message goes by itself; once, at its first attempt, since none was burnt."""
    assert postern.wait_log("delivered", id=id)["attempt"] == "1"
    assert postern.log("upstream_up")
    postern.wait_empty()
    assert [m.rcpts for m in postern.provider.messages()] == [["b@y.example"]]
    assert not postern.log("bounced")


def said(provider):
    """All that clients told the provider, as far as it understood them."""
    return [event.get("verb") or event.get("command", "") for event in provider.events("command")]


# Replies that refuse the session

REFUSALS = [
    ("greeting=reply:454 4.7.0 not now", ["454"]), ("greeting=reply:554 5.7.1 go away", ["554", "go away"]),
    ("greeting=421", ["421"]), ("greeting=reply:521 we take no mail", ["521"]),
    ("ehlo=reply:451 4.3.0 no", ["451", "EHLO"]), ("ehlo=reply:554 5.7.1 bad name", ["554", "EHLO"]),
    ("starttls=reply:454 4.7.0 no entropy", ["454", "STARTTLS"]), ("starttls=reply:554 5.7.0 no", ["554", "STARTTLS"]),
    ("ehlo=no-starttls", ["STARTTLS"]), ("ehlo2=reply:554 5.7.1 no", ["554"]), ("ehlo2=reply:451 4.3.0 no", ["451"]),
    ("auth=reply:535 5.7.8 wrong password", ["535", "wrong password", "app password"]),
    ("auth=reply:454 4.7.0 later", ["454"]), ("auth=reply:534 5.7.9 too weak", ["534"]),
    ("ehlo2=no-auth", ["AUTH"]),
    ("mail=reply:530 5.7.0 Authentication required", ["530"]),
    ("mail=reply:550 5.4.5 Daily user sending limit exceeded", ["5.4.5", "account"]),
]


@pytest.mark.parametrize("fault, words", REFUSALS, ids=[fault for fault, _ in REFUSALS])
def test_refused_session_holds_the_upstream_not_the_mail(fault, words):
    with Provider("--fault", fault) as provider, Postern(provider) as postern:
        id = postern.send()
        assert_held(postern, *words)
        provider.clear_faults()
        assert_recovers(postern, id)
        assert provider.stats()["violations"] == 0


@pytest.mark.parametrize("fault", ["greeting=reply:554 5.7.1 no", "ehlo=reply:550 5.7.1 no", "auth=reply:535 5.7.8 no",
                                   "ehlo=no-auth"])
def test_refused_session_of_465_holds_the_upstream(fault):
    with Provider("--fault", fault) as provider, Postern(provider, tls="implicit") as postern:
        id = postern.send()
        assert_held(postern)
        provider.clear_faults()
        assert_recovers(postern, id)


# What a reply means, at each step of a transaction, for the message and for its neighbours

TRANSACTION = ["mail", "rcpt", "data", "dot"]

ACCOUNT = [  # the account's trouble: the upstream is held, and nothing happens to any message
    ("454 4.7.0 Throttling failure: Daily message quota exceeded", TRANSACTION),
    ("550 5.4.5 Daily SMTP relay limit exceeded", TRANSACTION),
    ("550 5.7.1 Daily SMTP relay limit exceeded for customer", TRANSACTION),
    ("550 5.7.30 Basic authentication is not supported", TRANSACTION),
    ("530 5.7.57 Client not authenticated to send mail", TRANSACTION),
    ("530 5.7.0 Must issue a STARTTLS command first", TRANSACTION),
    ("554 5.7.1 Your account has been suspended", TRANSACTION),
    ("550 5.4.6 Unusual sending activity detected", TRANSACTION),
    ("421 4.3.2 Service shutting down", TRANSACTION),
]

REFUSED = [  # this message or recipient alone
    ("554 5.2.252 SendAsDenied", ["mail", "dot"]), ("550 5.7.60 not permitted to send as this sender", ["mail", "dot"]),
    ("553 5.7.1 Sender address rejected: not owned by user", ["mail", "rcpt", "dot"]),
    ("554 Message rejected: Email address is not verified", ["dot"]), ("553 Relaying disallowed as a@x.example", ["dot"]),
    ("550 5.1.1 no such user", ["rcpt"]), ("552 5.2.2 mailbox full: quota exceeded for this account", ["rcpt", "dot"]),
    ("550 5.2.1 this account is disabled", ["rcpt", "dot"]),
]

DEFERRED = [
    ("452 4.2.2 mailbox full, over its daily sending quota", ["rcpt"]), ("452 4.3.1 insufficient system storage", TRANSACTION),
    ("451 4.7.1 greylisted", ["mail", "rcpt", "data", "dot"]),
    ("450 4.2.1 The user is receiving mail at a rate that prevents more", ["rcpt"]),
]

UNTOUCHED = [  # a connection's end
    ("421 4.4.2 idle timeout", TRANSACTION), ("421 4.7.0 Too many messages in this session", ["mail"]),
]


def only_data(provider, step):
    """DATA is said to a provider that does not offer BDAT."""
    if step == "data":
        provider.command("without CHUNKING")


def at_each(rows):
    """One case for each reply and step."""
    return [pytest.param(step, reply, id=f"{step}-{reply[:20]}") for reply, steps in rows for step in steps]


@pytest.mark.parametrize("step, reply", at_each(ACCOUNT))
def test_trouble_of_the_account_touches_no_message(provider, step, reply):
    only_data(provider, step)
    with Postern(provider) as postern:
        provider.fault(f"{step}=reply:{reply}")
        ids = [postern.send(), postern.send(sender="c@z.example")]
        assert reply[:9] in postern.wait_log("upstream_held")["why"]
        provider.clear_faults()
        for id in ids:
            assert postern.wait_log("delivered", id=id)["attempt"] == "1"
        assert len(postern.log("upstream_held")) == 1 and len(postern.log("upstream_up")) == 1
        assert not postern.log("failed") and not postern.log("deferred") and not postern.log("bounced")
        assert provider.count() == 2


@pytest.mark.parametrize("step, reply", at_each(REFUSED))
def test_a_refused_message_holds_nothing(provider, step, reply):
    only_data(provider, step)
    with Postern(provider) as postern:
        provider.fault(f"{step}=reply:{reply},count=1")
        refused = postern.send()
        assert reply[:3] == postern.wait_log("failed", id=refused)["code"]
        assert postern.wait_log("delivered", id=postern.send(sender="c@z.example"))["attempt"] == "1"
        assert not postern.log("upstream_held") and not postern.log("upstream_throttled")
        assert postern.wait_log("bounced", id=refused)


@pytest.mark.parametrize("step, reply", at_each(DEFERRED))
def test_a_deferred_message_holds_nothing(provider, step, reply):
    only_data(provider, step)
    with Postern(provider) as postern:
        provider.fault(f"{step}=reply:{reply},count=1")
        deferred = postern.send()
        postern.wait_log("deferred", id=deferred)
        assert postern.wait_log("delivered", id=postern.send(sender="c@z.example"))["attempt"] == "1"
        assert postern.wait_log("delivered", id=deferred)["attempt"] == "2"
        assert not postern.log("upstream_held") and not postern.log("upstream_throttled")


@pytest.mark.parametrize("step, reply", at_each(UNTOUCHED))
def test_the_end_of_a_connection_is_no_fault_of_a_message(provider, step, reply):
    only_data(provider, step)
    with Postern(provider) as postern:
        provider.fault(f"{step}=reply:{reply},count=1")
        for id in [postern.send(), postern.send(sender="c@z.example")]:
            assert postern.wait_log("delivered", id=id)["attempt"] == "1"
        assert not postern.log("upstream_held") and not postern.log("deferred")
        assert provider.count() == 2


def test_a_refused_sender_is_told_what_to_do(provider):
    with Postern(provider) as postern:
        provider.fault("mail=reply:553 5.7.1 Sender address rejected: not owned by user,count=1")
        assert "own" in postern.wait_log("advice", id=postern.send())["remedy"]


# No answer, or none that makes sense


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("fault", [
    "connect=close", "connect=rst", "greeting=close", "greeting=garbage", "greeting=endless", "greeting=endless-line",
    "greeting=reply:354 what", "ehlo=close", "ehlo=garbage", "ehlo=raw:250 ok\\n", "auth=close", "auth=garbage",
    "auth=raw:999 what\\r\\n",
])
def test_nonsense_holds_the_upstream_not_the_mail(fault, tls):
    with Provider("--fault", fault) as provider, Postern(provider, tls=tls) as postern:
        id = postern.send()
        assert_held(postern)
        provider.clear_faults()
        assert_recovers(postern, id)


@pytest.mark.parametrize("step, is_told", [("greeting", True), ("mail", True), ("auth", False)])
def test_what_is_no_reply_is_told_unless_it_may_echo_the_login(provider, step, is_told):
    with Postern(provider) as postern:
        provider.fault(f"{step}=raw:HTTP/1.1 400 Bad Request\\r\\n,count=1")
        postern.send()
        why = postern.wait_log("upstream_held")["why"]
        assert "no SMTP reply" in why and ("HTTP/1.1 400 Bad" in why) == is_told


@pytest.mark.parametrize("step", ["connect", "greeting", "ehlo", "starttls", "tls", "ehlo2", "auth"])
def test_silence_ends_with_the_time_limit(step):
    with Provider("--fault", step + "=silence") as provider, Postern(provider, upstream={"timeout": "500ms"}) as postern:
        id = postern.send()
        assert_held(postern)
        provider.clear_faults()
        postern.set(upstream={"timeout": "20s"})  # so that a loaded machine is not taken for silence
        postern.reload()
        postern.wait_log("delivered", id=id)


@pytest.mark.parametrize("fault", ["greeting=split:1", "ehlo=long", "ehlo=split:1", "auth=delay:300", "ehlo2=long"])
def test_odd_but_sound_replies_are_understood(fault):
    with Provider("--fault", fault) as provider, Postern(provider) as postern:
        postern.wait_log("delivered", id=postern.send())
        assert not postern.log("upstream_held")


def test_an_upstream_that_is_down_is_held_until_it_is_back(postern):
    postern.provider.stop()
    id = postern.send()
    assert_held(postern, "refused")
    postern.provider.start()
    assert_recovers(postern, id)


# Nothing leaves without TLS to the right host


def assert_nothing_said(provider, allowed):
    """No login and no envelope was heard, encrypted or not."""
    verbs = {command.split()[0].upper() for command in said(provider) if command.split()}
    assert verbs <= set(allowed), verbs
    assert not provider.events("auth")
    log = provider.log_file.read_bytes()
    assert not any(secret in log for secret in PASSWORDS[:2])


@pytest.mark.parametrize("name", ["expired", "not-yet-valid", "self-signed", "wrong-name", "no-san", "unknown-ca"])
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_bad_certificate_stops_all(name, tls):
    with Provider("--certificate", name) as provider, Postern(provider, tls=tls) as postern:
        id = postern.send()
        assert_held(postern, "certificate")
        assert_nothing_said(provider, ["EHLO", "STARTTLS"])
        provider.certificate("good")
        assert_recovers(postern, id)


def test_without_starttls_nothing_is_said():
    with Provider("--without", "STARTTLS") as provider, Postern(provider) as postern:
        postern.send()
        assert_held(postern, "STARTTLS")
        assert_nothing_said(provider, ["EHLO", "QUIT"])


def test_auth_offered_in_the_clear_does_not_tempt():
    with Provider("--without", "STARTTLS", "--auth-without-tls") as provider, Postern(provider) as postern:
        postern.send()
        assert_held(postern, "STARTTLS")
        assert_nothing_said(provider, ["EHLO", "QUIT"])


def test_plain_text_behind_the_220_of_starttls_is_an_attack():
    with Provider("--fault", "starttls=tls-plain") as provider, Postern(provider) as postern:
        id = postern.send()
        assert_held(postern, "plain text")
        assert_nothing_said(provider, ["EHLO", "STARTTLS"])
        provider.clear_faults()
        assert_recovers(postern, id)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_tls_1_1_is_not_enough(tls):
    with Provider("--tls-max", "1.1") as provider, Postern(provider, tls=tls) as postern:
        postern.send()
        assert_held(postern)
        assert_nothing_said(provider, ["EHLO", "STARTTLS"])


@pytest.mark.parametrize("arguments", [["--without", "AUTH"], ["--mechanisms", "X-NOBODY"]], ids=["none", "unknown"])
def test_without_a_usable_auth_nothing_is_sent(arguments):
    with Provider(*arguments) as provider, Postern(provider) as postern:
        postern.send()
        assert_held(postern, "AUTH")
        assert_nothing_said(provider, ["EHLO", "STARTTLS", "QUIT"])


def test_a_wrong_password_is_told_and_mended_by_a_reload(provider):
    with Postern(provider) as postern:
        postern.write_password("wrong")
        postern.restart()
        id = postern.send()
        assert_held(postern, "535")
        postern.write_password(provider.password)
        postern.reload()
        assert postern.wait_log("delivered", id=id)["attempt"] == "1"


# What an operator sees and can do


def test_status_tells_the_reason(provider):
    with Postern(provider, queue={"retry_min": "1h", "retry_max": "2h"}) as postern:
        provider.fault("greeting=reply:554 5.7.1 your address is listed")
        postern.send()
        postern.wait_log("upstream_held")
        shown = upstream(postern)
        assert shown["state"] == "held" and "554 5.7.1 your address is listed" in shown["reason"]
        assert shown["held_since"] and shown["next_probe"]
        text = postern.ctl("status").stdout
        assert "held because: " in text and "554 5.7.1 your address is listed" in text


@pytest.mark.parametrize("which", [[], ["--all"], ["--from", "*@*"], ["ID"]])
def test_retry_probes_at_once(provider, which):
    with Postern(provider, queue={"retry_min": "1h", "retry_max": "2h"}) as postern:
        provider.fault("mail=reply:550 5.7.1 account suspended")  # by itself it is probed after a minute
        id = postern.send()
        postern.wait_log("upstream_held")
        provider.clear_faults()
        assert postern.ctl("retry", *[id if word == "ID" else word for word in which]).returncode == 0
        # By its clock it would come after 30 s: the probe of a login that failed.
        assert postern.wait_log("delivered", timeout=20, id=id)["attempt"] == "1"


def test_a_held_upstream_is_probed_by_one_connection(provider):
    with Postern(provider) as postern:
        provider.fault("auth=reply:535 5.7.8 no")
        with postern.smtp() as client:
            for _ in range(30):
                client.sendmail("a@x.example", ["b@y.example"], b"Subject: t\r\n\r\nx\r\n")
        postern.wait_log("upstream_probe_failed", n=2)
        stats = provider.stats()
        assert stats["connections_total"] <= 10 + len(postern.log("upstream_probe_failed")) + 1
        provider.clear_faults()
        assert len(provider.wait_for(30)) == 30


def test_the_second_upstream_takes_over(provider):
    with Provider() as second, Postern(provider) as postern:
        first = dict(postern.settings["upstream"]["provider"])
        postern.set(upstream={"first": first, "second": dict(first, port=second.starttls_port)})
        postern.reload()
        provider.stop()
        id = postern.send()
        assert postern.wait_log("delivered", id=id)["upstream"] == "second"
        provider.start()
        assert second.count() == 1
