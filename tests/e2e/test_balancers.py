# SPDX-License-Identifier: ISC
"""Clients that come through a balancer: the PROXY protocol, from whom, and whatever else is said instead."""

import socket
import ssl
import struct

import pytest
from postern import Postern, free_port, queue_id
from provider import Provider, certificates
from talk import Talk

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v1(client="192.0.2.1", family="TCP4"):
    other = "192.0.2.2" if family == "TCP4" else "2001:db8::2"
    return f"PROXY {family} {client} {other} 40000 25\r\n".encode()


def v2(client="192.0.2.1", tlv=b""):
    family, kind = (socket.AF_INET6, 0x21) if ":" in client else (socket.AF_INET, 0x11)
    address = socket.inet_pton(family, client)
    payload = address + address + struct.pack("!HH", 40000, 25) + tlv
    return SIGNATURE + bytes([0x21, kind]) + struct.pack("!H", len(payload)) + payload


def local(version):
    return b"PROXY UNKNOWN\r\n" if version == 1 else SIGNATURE + b"\x20\0\0\0"


HEADERS = [v1(), v2(), v2(tlv=b"\x04\x03\xe8" + b"x" * 1000), v1("2001:db8::1", "TCP6"), v2("2001:db8::1")]
IDS = ["v1", "v2", "v2-tlv", "v1-inet6", "v2-inet6"]


@pytest.fixture(scope="module")
def server():
    """127.0.0.1 is the balancer; .secure begins with TLS behind the header."""
    secure = free_port()
    with Provider() as provider, Postern(provider) as postern:
        common = dict(postern.settings["listen"]["local"], proxy_from=["127.0.0.1"],
                      relay_from=["192.0.2.0/24", "2001:db8::/32", "127.0.0.0/8"])
        postern.set(listen={"local": common,
                            "secure": dict(common, port=secure, tls="implicit", tls_cert_file=certificates() / "good.pem",
                                           tls_key_file=certificates() / "good.key")})
        postern.reload()
        postern.secure = secure
        yield postern


@pytest.mark.parametrize("header", HEADERS, ids=IDS)
@pytest.mark.parametrize("pace", ["apart", "packet", "octets"])
def test_the_client_counts(server, header, pace):
    with Talk(server.port) as talk:
        if pace == "octets":
            for octet in header[:200]:
                talk.send(bytes([octet]))
            talk.send(header[200:])
        else:
            talk.send(header + (b"EHLO c.example\r\n" if pace == "packet" else b""))
        assert talk.reply().startswith("220 ")
        assert (talk.reply() if pace == "packet" else talk.say("EHLO c.example")).startswith("250")
        id = queue_id(talk.transact())
    content = server.arrived(id).content
    assert b"(%s)" % (b"[IPv6:2001:db8::1]" if b"2001" in header or b"\x20\x01" in header else b"[192.0.2.1]") in content
    assert server.log("accepted", id=id)[0]["client"].endswith(":40000")


def test_policy_is_that_of_the_client(server):
    with Talk(server.port) as talk:
        talk.send(v1("203.0.113.9"))
        talk.starts()
        assert talk.say("MAIL FROM:<a@x.example>").startswith("550 5.7.1 203.0.113.9 ")


@pytest.mark.parametrize("version", [1, 2])
def test_the_balancer_for_itself(server, version):
    with Talk(server.port) as talk:
        talk.send(local(version))
        talk.starts()
        id = queue_id(talk.transact())
    assert server.log("accepted", id=id)[0]["client"].startswith("127.0.0.1:")


@pytest.mark.parametrize("header", [v1(), v2()], ids=["v1", "v2"])
def test_tls_behind_the_header(server, header):
    context = ssl.create_default_context(cafile=certificates() / "ca.pem")
    with Talk(server.secure) as talk:
        talk.send(header)
        talk.sock = context.wrap_socket(talk.sock, server_hostname="localhost")
        talk.starts()
        id = queue_id(talk.transact())
    assert b"([192.0.2.1])" in server.arrived(id).content


@pytest.mark.parametrize("said", [b"EHLO c.example\r\n", b"PROXY TCP4 192.0.2.1 x 1 2\r\n", b"\0", b"P" * 3000,
                                  SIGNATURE + b"\x21\x11\xff\xff", b"PROXY TCP4 " + b"1" * 200])
def test_anything_else_is_closed(server, said):
    seen = len(server.log("proxy_refused"))
    with Talk(server.port) as talk:
        talk.send(said)
        assert talk.is_over()
    server.wait_log("proxy_refused", n=seen + 1)


def test_a_client_that_closes_within_the_header_is_not_waited_for(server):
    with Talk(server.port) as talk:
        talk.send(v1()[:20])
        talk.sock.shutdown(socket.SHUT_WR)
        assert talk.is_over()
    server.wait_log("proxy_refused", why="closed within the header")


def test_silence_is_closed_and_holds_up_nobody(server):
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    half = socket.create_connection(("127.0.0.1", server.port))
    half.sendall(v1()[:20])
    with Talk(server.port) as talk:
        talk.send(v1())
        talk.starts()
        assert talk.transact().startswith("250 ")
    server.wait_log("proxy_refused", n=21, why="the header did not come in time")
    for sock in [*silent, half]:
        sock.close()


def test_others_are_clients_as_usual(server):
    with Talk(server.port, source="127.0.0.2") as talk:
        talk.starts()
        assert talk.say("PROXY TCP4 192.0.2.1 192.0.2.2 1 2").startswith("500 5.5.2 ")
        id = queue_id(talk.transact())
    assert server.log("accepted", id=id)[0]["client"].startswith("127.0.0.2:")


def test_a_reload_waits_for_the_header(server):
    with Talk(server.port) as talk:
        talk.send(v1()[:10])
        server.reload()
        talk.send(v1()[10:])
        talk.starts()
        assert talk.transact().startswith("250 ")
