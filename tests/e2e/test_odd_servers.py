# SPDX-License-Identifier: ISC
"""Servers that offer PIPELINING and CHUNKING and break on them: each message arrives once all the same."""

import collections

import pytest
from odd_server import BDATS, KINDS, OddServer
from postern import Postern, submit

NAMES = ["a1", "a2", "refused", "b1"]
WAYS = {"stream": ("PIPELINING", "CHUNKING"), "envelope": ("PIPELINING",), "chunks": ("CHUNKING",)}
CASES = [(kind, way) for kind in KINDS for way in WAYS if (way != "chunks" or kind in BDATS) and (way != "envelope" or kind not in BDATS)]


def content(name):
    return f"Subject: {name}\r\n\r\n.dots\r\n{name}\r\n".encode()


@pytest.mark.parametrize("kind, way", CASES)
def test_each_message_arrives_once(kind, way):
    with OddServer(kind, WAYS[way], refused=["refused@y.example"]) as server, \
            Postern(tls="none", upstream={"host": "127.0.0.1", "port": server.port, "connections": 1, "timeout": "2s"},
                    queue={"retry_min": "100ms", "retry_max": "200ms"}) as postern:
        with postern.smtp() as client:
            ids = {name: submit(client, content(name), f"{name}@x.example", [f"{name}@y.example", f"{name}.2@y.example"])
                   for name in NAMES}
        postern.wait_empty(30)
        arrived = collections.Counter(rcpt for sender, rcpts, _ in server.taken if sender for rcpt in rcpts)
        assert arrived == {f"{name}{end}@y.example": 1 for name in NAMES for end in ("", ".2") if (name, end) != ("refused", "")}
        for name, rcpts, got in ((sender.split("@")[0], rcpts, got) for sender, rcpts, got in server.taken if sender):
            assert got.endswith(content(name)) and all(rcpt.startswith(name) for rcpt in rcpts)
        assert [record["id"] for record in postern.log("failed")] == [ids["refused"]]
        assert server.connections <= 10  # no storm
