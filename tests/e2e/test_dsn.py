# SPDX-License-Identifier: ISC
"""DSN (RFC 3461): what a sender wants to hear goes to the upstream, or is done here where it knows nothing of it."""

import smtplib

import pytest
from postern import Postern
from provider import Provider
from test_outcomes import CONTENT, reports, status_of

REFUSES = ["--fault", "rcpt=reply:550 5.1.1 no,rcpt=b@y.example"]
PUTS_OFF = ["--fault", "rcpt=reply:450 4.2.1 busy,rcpt=b@y.example"]
PLAIN = CONTENT.replace(b"\xe9", b"e")


def submit(postern, notify=None, mail=(), orcpt=None, content=CONTENT):
    """One message with these parameters; returns nothing."""
    options = [f"NOTIFY={notify}"] * bool(notify) + [f"ORCPT=rfc822;{orcpt}"] * bool(orcpt)
    with smtplib.SMTP("127.0.0.1", postern.port, timeout=20) as client:
        client.ehlo()
        assert client.has_extn("dsn")
        assert client.mail("a@x.example", list(mail))[0] == 250
        assert client.rcpt("b@y.example", options)[0] == 250
        assert client.data(content)[0] == 250


def of_client(provider):
    return [m for m in provider.messages() if m.mail_from == "a@x.example"]


def test_parameters_go_to_an_upstream_that_has_dsn():
    with Provider() as provider, Postern(provider) as postern:
        submit(postern, "SUCCESS,DELAY", ["RET=HDRS", "ENVID=id+2B1"], "B+2B@y.example")
        provider.wait_for(1)
        postern.wait_empty()
        meta = provider.messages()[0].meta
        assert meta["mail_params"]["RET"] == "HDRS" and meta["mail_params"]["ENVID"] == "id+2B1"
        assert meta["rcpt"][0]["params"] == {"NOTIFY": "SUCCESS,DELAY", "ORCPT": "rfc822;B+2B@y.example"}
        assert len(provider.messages()) == 1


def test_success_is_reported_as_relayed_where_the_upstream_has_no_dsn():
    with Provider("--without", "DSN") as provider, Postern(provider) as postern:
        submit(postern, "SUCCESS", ["ENVID=id+2B1"], "B+2B@y.example")
        report = reports(provider)[0]
        message, recipients = status_of(report)
        assert message["Original-Envelope-Id"] == "id+1"
        assert recipients[0]["Action"] == "relayed" and recipients[0]["Status"].startswith("2.")
        assert recipients[0]["Original-Recipient"] == "rfc822; B+@y.example"
        assert report["To"] == "<a@x.example>"
        assert of_client(provider)[0].meta["rcpt"][0]["params"] == {}


def test_without_the_wish_no_success_is_reported():
    with Provider("--without", "DSN") as provider, Postern(provider) as postern:
        submit(postern, "FAILURE,DELAY")
        provider.wait_for(1)
        postern.wait_empty()
        assert len(provider.messages()) == 1


@pytest.mark.parametrize("notify, told", [("NEVER", False), ("SUCCESS", False), ("DELAY", False), ("FAILURE", True), (None, True)])
def test_failure_is_told_to_whom_wants_it(notify, told):
    with Provider(*REFUSES) as provider, Postern(provider) as postern:
        submit(postern, notify)
        postern.wait_log("failed")
        postern.wait_empty()
        assert len(provider.messages()) == told
        if told:
            assert status_of(reports(provider)[0])[1][0]["Status"] == "5.1.1"


@pytest.mark.parametrize("notify, told", [("FAILURE", False), ("DELAY", True)])
def test_delay_is_told_to_whom_wants_it(notify, told):
    queue = {"retry_min": "1h", "retry_max": "1h", "warn_after": "1s"}
    with Provider(*PUTS_OFF) as provider, Postern(provider, queue=queue) as postern:
        submit(postern, notify)
        if told:
            assert status_of(reports(provider)[0])[1][0]["Action"] == "delayed"
        else:
            postern.wait_log("deferred")
            submit(postern, "DELAY")
            reports(provider)
            assert len(provider.messages()) == 1


@pytest.mark.parametrize("ret, content, kind", [
    ("FULL", PLAIN, "message/rfc822"), ("HDRS", PLAIN, "text/rfc822-headers"), (None, PLAIN, "text/rfc822-headers"),
    ("FULL", CONTENT, "text/rfc822-headers"), ("FULL", PLAIN + b"x" * 2000 + b"\r\n", "text/rfc822-headers"),
])
def test_a_report_brings_back_what_was_asked_for(ret, content, kind):
    with Provider(*REFUSES) as provider, Postern(provider) as postern:
        submit(postern, None, [f"RET={ret}"] * bool(ret), content=content)
        part = reports(provider)[0].get_payload()[2]
        assert part.get_content_type() == kind
        assert ("The body is secret." in part.as_string()) == (kind == "message/rfc822")


def test_wishes_survive_a_restart():
    with Provider("--without", "DSN") as provider, Postern(provider) as postern:
        provider.stop_listening()
        provider.drop_all()
        submit(postern, "SUCCESS", ["ENVID=kept"])
        postern.restart()
        provider.start_listening()
        postern.ctl("retry", "--all")
        message, recipients = status_of(reports(provider)[0])
        assert message["Original-Envelope-Id"] == "kept" and recipients[0]["Action"] == "relayed"
