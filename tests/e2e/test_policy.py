# SPDX-License-Identifier: ISC
"""Client sections: under which of them a client comes, by all that it can be told by; rates, connections, reloads.

What a section answers stands in talk/policy.talk and talk/relay.talk.
"""

import base64
import os
import re

import pytest
from network import Network
from postern import Postern, queue_id, wait_until
from provider import Provider
from talk import Talk
from test_talk import USERS
from test_unix_listener import UnixTalk

MAIL = "MAIL FROM:<a@x.example>"


def talk_to(postern, source=None, host="127.0.0.1"):
    return Talk(postern.port, host, source=source).starts()


def reply_to_mail(postern, source=None, host="127.0.0.1", sender="a@x.example"):
    with talk_to(postern, source, host) as talk:
        return talk.say(f"MAIL FROM:<{sender}>")


@pytest.fixture(scope="module")
def server():
    """One section for each source address: 127.0.0.2, .3 and so on."""
    sections = {
        "apps": {"match": ["127.0.0.2", "127.0.0.10/31"]},
        "closed": {"match": ["127.0.0.3"], "relay": "no"},
        "slow": {"match": ["127.0.0.4/31"], "rate": "2/m"},
        "few": {"match": ["127.0.0.6/31"], "connections": 2},
        "proxied": {"match": ["192.0.2.0/24"], "senders": ["*@proxied.example"]},
    }
    with Provider() as provider, Postern(provider, client=sections) as postern:
        postern.set(listen={"proxy_from": ["127.0.0.9"]})
        postern.reload()
        yield postern


@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.10", "127.0.0.11"])
def test_who_comes_under_a_section_may_send(server, source):
    with talk_to(server, source) as talk:
        id = queue_id(talk.transact())
    server.arrived(id)


@pytest.mark.parametrize("source, policy", [("127.0.0.3", "closed"), ("127.0.0.1", "(default)"), ("127.0.0.12", "(default)")])
def test_others_are_refused_by_their_address(server, source, policy):
    assert reply_to_mail(server, source) == f"550 5.7.1 {source} is not allowed to relay through this host"
    wait_until(lambda: any(r["client"].startswith(source + ":") and r["reply"].startswith("550 5.7.1 ")
                           for r in server.log("rejected", policy=policy)), what="the log's record")


def test_rate(server):
    """Counted for each address, over all its connections."""
    with talk_to(server, "127.0.0.4") as talk:
        assert talk.transact().startswith("250 ")
        assert talk.transact().startswith("250 ")
        reply = talk.say(MAIL)
        wait = re.fullmatch(r"450 4\.7\.1 127\.0\.0\.4 sends too many messages: try again in (\d+) s", reply)
        assert wait and 20 <= int(wait[1]) <= 30, reply
        assert talk.say("NOOP").startswith("250 ")
    assert reply_to_mail(server, "127.0.0.4").startswith("450 4.7.1 ")
    assert reply_to_mail(server, "127.0.0.5").startswith("250 ")
    server.wait_log("rejected", policy="slow", n=2)


def test_connections(server):
    with talk_to(server, "127.0.0.6"), talk_to(server, "127.0.0.6") as second:
        with Talk(server.port, source="127.0.0.6") as third:
            assert third.reply() == "421 4.7.0 relay.example too many connections from your address"
            assert third.is_over()
        with talk_to(server, "127.0.0.7"):
            pass
        assert second.say(MAIL).startswith("250 ")
    server.wait_log("session_refused", policy="few")


def test_the_address_behind_a_balancer_counts(server):
    with Talk(server.port, source="127.0.0.9") as talk:
        talk.send(b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n")
        talk.starts()
        assert talk.say(MAIL).startswith("553 5.7.1 192.0.2.7 may not send as <a@x.example>; allowed: *@proxied.example")
        assert talk.say("MAIL FROM:<b@proxied.example>").startswith("250 ")
    server.wait_log("rejected", policy="proxied")


def test_listeners_have_sections_of_their_own(provider):
    """A unix socket has no addresses; its clients come under sections without match."""
    postern = Postern(provider, client={
        "net": {"match": ["127.0.0.0/8"]},
        "socket": {"listen": ["unix"], "senders": ["*@unix.example"]},
    })
    path = postern.dir / "run" / "smtp.sock"
    postern.set(listen={"tcp": postern.settings["listen"]["local"], "unix": {"address": path}})
    with postern:
        assert reply_to_mail(postern).startswith("250 ")
        with UnixTalk(path) as talk:
            talk.starts()
            assert talk.say(MAIL).startswith(f"553 5.7.1 unix:uid={os.getuid()} may not send as ")
            assert talk.say("MAIL FROM:<b@unix.example>").startswith("250 ")


def test_a_login_is_looked_at_again(provider, tmp_path):
    users = tmp_path / "users"
    users.write_text(USERS)
    users.chmod(0o600)
    tmp_path.chmod(0o755)
    sections = {
        "alice": {"users": ["alice"], "senders": ["alice@x.example"], "message_size": "5K", "connections": 2},
        "local": {"match": ["127.0.0.2"], "senders": ["b@x.example"]},
    }
    login = "AUTH PLAIN " + base64.b64encode(b"\0alice\0secret").decode()
    with Postern(provider, client=sections, listen={"users_file": users}) as postern:
        with talk_to(postern, "127.0.0.2") as talk:
            assert talk.say("MAIL FROM:<alice@x.example>").startswith("553 5.7.1 ")
            assert talk.say(login).startswith("235 ")
            assert "SIZE 5120" in talk.say("EHLO c.example")
            assert talk.say("MAIL FROM:<b@x.example>").startswith("553 5.7.1 ")
            assert talk.say("MAIL FROM:<alice@x.example> SIZE=6000").startswith("552 5.3.4 ")
            assert talk.say("MAIL FROM:<alice@x.example>").startswith("250 ")
        assert reply_to_mail(postern).startswith("550 5.7.1 127.0.0.1 ")
        with talk_to(postern) as first, talk_to(postern) as second, talk_to(postern) as third:
            assert first.say(login).startswith("421 4.7.0 ")  # the third connection of this address
            assert first.is_over()
            assert second.say(login).startswith("235 ") and third.say(login).startswith("235 ")


def test_a_reload_brings_new_sections(provider):
    with Postern(provider, client={"a": {"match": ["127.0.0.1"]}}) as postern:
        with talk_to(postern) as talk:
            assert talk.say(MAIL).startswith("250 ")
            postern.set(client={"a": {"match": ["127.0.0.2"]}})
            postern.reload()
            assert reply_to_mail(postern).startswith("550 5.7.1 127.0.0.1 ")
            assert reply_to_mail(postern, "127.0.0.2").startswith("250 ")
            talk.send(b"RCPT TO:<b@y.example>\r\nDATA\r\n")  # begun before: it is taken
            assert [talk.reply()[:3] for _ in range(2)] == ["250", "354"]
            talk.send(b"x: y\r\n\r\n.\r\n")
            assert talk.reply().startswith("250 ")


def test_what_does_not_start(provider):
    """Each problem with its line and what is allowed; a reload of it changes nothing."""
    postern = Postern(provider)
    good = postern.config_file.read_text()
    cases = [('client "a" { match = 10.0.0.1/8 }', "match = 10.0.0.1/8"),
             ('listen "o" { address = 0.0.0.0 port = 0 }\nclient "a" { }', "open relay"),
             ('listen "o" { address = 0.0.0.0 port = 0 }\nclient "a" { match = 0.0.0.0/0 }', "open relay"),
             ('listen "o" { address = 0.0.0.0 port = 0 relay_from = 8.0.0.0/8 }', "open relay"),
             ('client "a" { users = alice }', "nobody can log in")]
    for text, words in cases:
        postern.config_file.write_text(good + text + "\n")
        line = len((good + text).split("\n"))
        for options in ["-t"], ["-f"]:
            done = postern.run(*options)
            assert done.returncode == 78, done
            assert f"{postern.config_file}:{line}: " in done.stderr and words in done.stderr and "allowed" in done.stderr


def test_warnings(provider, tmp_path):
    users = tmp_path / "users"
    users.write_text(USERS)
    users.chmod(0o600)
    tmp_path.chmod(0o755)
    postern = Postern(provider, client={"a": {"match": ["192.0.2.1"]}, "b": {"users": ["alcie"], "listen": ["users"]}})
    postern.set(listen={"local": postern.settings["listen"]["local"], "users": {"port": 0, "users_file": users}})
    done = postern.run("-t")
    assert done.returncode == 0, done
    assert 'listen "local": no client section matches this host itself' in done.stderr
    assert 'client "b": users = alcie: no users_file has that name' in done.stderr


SERVER = ["203.0.113.1", "2001:db8::1"]
CLIENT = ["203.0.113.2", "203.0.113.3", "2001:db8::2", "2001:db8::3"]


def test_other_hosts():
    """Over IPv4 and IPv6, on a listener of all addresses."""
    sections = {"apps": {"match": ["203.0.113.2", "2001:db8::2"]}, "slow": {"match": ["2001:db8::3"], "rate": "1/h"}}
    with Network(SERVER, CLIENT) as network, network.server():
        postern = Postern(client=sections)
        port = postern.port
        postern.set(listen={"four": {"address": "0.0.0.0", "port": port}, "six": {"address": "::", "port": port}})
        with postern, network.client():
            assert reply_to_mail(postern, "203.0.113.2", SERVER[0]).startswith("250 ")
            assert reply_to_mail(postern, "203.0.113.3", SERVER[0]).startswith("550 5.7.1 203.0.113.3 ")
            assert reply_to_mail(postern, "2001:db8::2", SERVER[1]).startswith("250 ")
            assert reply_to_mail(postern, "2001:db8::3", SERVER[1]).startswith("250 ")
            assert re.match(r"450 4\.7\.1 2001:db8::3 .* 3[56]\d\d s$", reply_to_mail(postern, "2001:db8::3", SERVER[1]))
