# SPDX-License-Identifier: ISC
"""What one upstream of a route cannot take goes by another one, and bounces only where none is left."""

import contextlib

import pytest
from postern import Postern
from provider import Provider, wait_until
from test_extensions import CONTENT, UTF8, of_client, require_tls, send
from test_outcomes import reports, status_of
from test_recoding import SIGNED
from test_recoding import UTF8 as TEXT

WITHOUT = ("--without", "8BITMIME", "--without", "SMTPUTF8", "--without", "REQUIRETLS")
LARGE = CONTENT + b"x" * 70 + b"\r\n" * 3000
NEEDS_UTF8 = ("MAIL FROM:<a@x.example> SMTPUTF8", "<\u00f6@y.example>")


@contextlib.contextmanager
def pair(first=(), second=(), **settings):
    """Two providers in one route, and a postern."""
    with Provider(*first) as one, Provider(*second) as two:
        postern = Postern(one, **settings)
        section, = postern.settings["upstream"].values()
        postern.set(upstream={"first": section, "second": dict(section, port=two.ports["starttls"])})
        with postern:
            yield one, two, postern


@pytest.mark.parametrize(("first", "mail", "to", "content"), [
    (("--size", "2000"), "MAIL FROM:<a@x.example>", "<b@y.example>", LARGE),
    (WITHOUT, *NEEDS_UTF8, UTF8),
    (WITHOUT, "MAIL FROM:<a@x.example> BODY=8BITMIME", "<b@y.example>", SIGNED + TEXT + b"--s--\r\n"),
], ids=["size", "smtputf8", "8bitmime"])
def test_another_upstream_of_the_route_takes_it(first, mail, to, content):
    with pair(first) as (one, two, postern):
        send(postern, mail, to, content=content)
        two.wait_for(1)
        postern.wait_empty()
        assert one.messages() == [] and len(two.messages()) == 1
        assert [r["upstream"] for r in postern.log("goes_around")] == ["first"]
        send(postern, "MAIL FROM:<a@x.example>", "<b@y.example>")
        assert len(one.wait_for(1)) == 1


def test_one_with_requiretls_takes_it():
    with pair(WITHOUT) as (one, two, postern):
        require_tls(two, postern)
        two.wait_for(1)
        postern.wait_empty()
        assert one.messages() == [] and len(two.messages()) == 1


def test_each_recipient_goes_where_it_can():
    with pair(WITHOUT) as (one, two, postern):
        send(postern, "MAIL FROM:<a@x.example> SMTPUTF8", "<b@y.example>", "<\u00f6@y.example>", "<c@y.example>")
        two.wait_for(1)
        postern.wait_empty()
        assert [m.rcpts for m in one.messages()] == [["b@y.example", "c@y.example"]]
        assert [m.rcpts for m in two.messages()] == [["\u00f6@y.example"]]


def test_where_none_can_take_it_it_bounces_once():
    with pair(WITHOUT, WITHOUT) as (one, two, postern):
        send(postern, *NEEDS_UTF8, content=UTF8)
        status = status_of(reports(one)[0])[1]
        assert [block["Status"] for block in status] == ["5.6.7"]
        postern.wait_empty()
        assert len(one.messages()) == 1 and two.messages() == []
        assert len(postern.log("goes_around")) == len(postern.log("failed")) == 1


def test_what_the_peer_refuses_bounces_without_a_detour():
    with pair(("--fault", "rcpt=reply:550 5.1.1 no such user")) as (one, two, postern):
        send(postern, "MAIL FROM:<a@x.example>", "<b@y.example>")
        postern.wait_log("failed")
        assert two.messages() == []


def test_it_waits_for_one_that_is_down_and_is_given_up_with_the_reason():
    with pair(WITHOUT, queue={"lifetime": "4s", "retry_min": "1s", "retry_max": "1s"}) as (one, two, postern):
        two.stop()
        send(postern, *NEEDS_UTF8, content=UTF8)
        postern.wait_log("goes_around")
        send(postern, "MAIL FROM:<a@x.example>", "<b@y.example>")
        assert of_client(one) or one.wait_for(1)
        wait_until(lambda: len(postern.queue()) == 1, what="one message to wait")
        waiting, = postern.queue()
        assert "SMTPUTF8" in waiting["reason"]
        report = reports(one)[0]
        assert status_of(report)[1][0]["Status"] == "4.4.7" and "does not offer" in report.as_string()
        postern.wait_empty()


def test_one_that_comes_back_takes_what_waits_for_it():
    with pair(WITHOUT, queue={"retry_min": "1s", "retry_max": "1s"}) as (one, two, postern):
        two.stop()
        send(postern, *NEEDS_UTF8, content=UTF8)
        postern.wait_log("upstream_held")
        two.start()
        assert len(two.wait_for(1)) == 1
        postern.wait_empty()
        assert one.messages() == []
