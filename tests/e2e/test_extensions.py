# SPDX-License-Identifier: ISC
"""SMTPUTF8, MT-PRIORITY, REQUIRETLS and LIMITS: from the client to an upstream that has them, or has not."""

import pytest
from postern import Postern
from provider import Provider
from talk import Talk
from test_outcomes import reports, status_of
from test_starttls import shown, trust

CONTENT = b"From: a@x.example\r\nSubject: t\r\n\r\nThe body is secret.\r\n"
UTF8 = "From: \u00fc@x.example\r\nSubject: gr\u00fcn\r\n\r\nx\r\n".encode()


def send(postern, mail, *rcpts, content=CONTENT):
    with Talk(postern.port) as talk:
        talk.starts()
        commands = [mail, *("RCPT TO:" + rcpt for rcpt in rcpts), "DATA"]
        for command in commands:
            assert talk.say(command.encode())[0] in "23", command
        talk.send(content + b".\r\n")
        assert talk.reply().startswith("250 ")


def of_client(provider):
    return [m for m in provider.messages() if m.mail_from != ""]


def test_utf8_goes_to_an_upstream_that_has_smtputf8():
    with Provider() as provider, Postern(provider) as postern:
        send(postern, "MAIL FROM:<\u00fc@x.example> SMTPUTF8", "<\u00f6@y.example>", content=UTF8)
        message = provider.wait_for(1)[0]
        assert message.mail_from == "\u00fc@x.example" and message.rcpts == ["\u00f6@y.example"]
        assert "SMTPUTF8" in message.meta["mail_params"] and message.content.endswith(UTF8)
        assert b" with UTF8SMTP id " in message.content


def test_only_what_needs_it_goes_with_smtputf8():
    with Provider() as provider, Postern(provider) as postern:
        send(postern, "MAIL FROM:<a@x.example> SMTPUTF8", "<b@y.example>")
        assert "SMTPUTF8" not in provider.wait_for(1)[0].meta["mail_params"]


def test_without_smtputf8_only_such_addresses_fail():
    with Provider("--without", "SMTPUTF8") as provider, Postern(provider) as postern:
        send(postern, "MAIL FROM:<a@x.example> SMTPUTF8", "<b@y.example>", "<\u00f6@y.example>", content=UTF8)
        status = status_of(reports(provider)[0])[1]
        assert [block["Status"] for block in status] == ["5.6.7"]
        assert of_client(provider)[0].rcpts == ["b@y.example"]
        assert of_client(provider)[0].meta["mail_params"]["BODY"] == "8BITMIME"
        postern.wait_empty()


def test_without_smtputf8_domains_go_in_ascii():
    with Provider("--without", "SMTPUTF8") as provider, Postern(provider) as postern:
        content = UTF8.replace(b"\xc3\xbc@", b"s@")
        send(postern, "MAIL FROM:<s@\u00fc.example> SMTPUTF8", "<b@b\u00fccher.example>", content=content)
        message = provider.wait_for(1)[0]
        assert message.mail_from == "s@xn--tda.example" and message.rcpts == ["b@xn--bcher-kva.example"]
        assert message.content.endswith(content) and "SMTPUTF8" not in message.meta["mail_params"]
        assert provider.stats()["violations"] == 0


def test_no_trace_makes_an_ascii_message_one_of_8_bits():
    with Provider("--without", "SMTPUTF8") as provider, Postern(provider) as postern:
        send(postern, "MAIL FROM:<a@x.example> SMTPUTF8", "<b@b\u00fccher.example>")
        assert provider.wait_for(1)[0].content.isascii()
        assert provider.stats()["violations"] == 0


def test_priority_goes_on():
    with Provider() as provider, Postern(provider) as postern:
        send(postern, "MAIL FROM:<a@x.example> MT-PRIORITY=-4", "<b@y.example>")
        assert provider.wait_for(1)[0].meta["mail_params"]["MT-PRIORITY"] == "-4"


def test_recipients_are_announced():
    with Provider() as provider, Postern(provider, limits={"recipients": 7}) as postern, Talk(postern.port) as talk:
        talk.reply()
        lines = talk.say("EHLO c.example").split("\n")
        assert "LIMITS RCPTMAX=7" in [line[4:] for line in lines]
        assert "REQUIRETLS" not in [line[4:] for line in lines]
        assert talk.say("MAIL FROM:<a@x.example> REQUIRETLS").startswith("555 ")


def require_tls(provider, postern):
    """A message with REQUIRETLS, over TLS, that would like to be brought back whole."""
    local = postern.settings["listen"]["local"]
    postern.set(listen={"local": dict(local, **shown())})
    postern.reload()
    with Talk(postern.port) as talk:
        talk.starts()
        assert talk.say("STARTTLS").startswith("220 ")
        talk.sock = trust().wrap_socket(talk.sock, server_hostname="localhost")
        assert "REQUIRETLS" in talk.say("EHLO c.example")
        reply = talk.transact(CONTENT, b"MAIL FROM:<a@x.example> REQUIRETLS RET=FULL\r\nRCPT TO:<b@y.example>\r\nDATA\r\n")
        assert reply.startswith("250 ")


def test_requiretls_goes_on():
    with Provider() as provider, Postern(provider) as postern:
        require_tls(provider, postern)
        assert "REQUIRETLS" in provider.wait_for(1)[0].meta["mail_params"]


def test_a_report_requires_tls_where_it_can_be_had():
    with Provider("--fault", "rcpt=reply:550 5.1.1 no,rcpt=b@y.example") as provider, Postern(provider) as postern:
        require_tls(provider, postern)
        reports(provider)
        assert "REQUIRETLS" in provider.messages()[0].meta["mail_params"]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_requiretls_bounces_where_the_upstream_has_it_not(tls):
    with Provider("--without", "REQUIRETLS") as provider, Postern(provider, tls=tls) as postern:
        require_tls(provider, postern)
        report = reports(provider)[0]
        assert status_of(report)[1][0]["Status"] == "5.7.30"
        assert "secret" not in report.as_string() and not of_client(provider)
