# SPDX-License-Identifier: ISC
"""aiosmtpd_server.py SETTINGS: aiosmtpd as aiosmtpd_peer.py wants it, on two ports until it is killed."""

import asyncio
import itertools
import json
import os
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Server:
    """The handler, and the authenticator, of all sessions."""

    def __init__(self, settings):
        self._settings = settings
        self._numbers = itertools.count(1)

    def _mailbox(self, address):
        local, _, domain = address.partition("@")
        return local if domain == self._settings["domain"] and local in self._settings["mailboxes"] else None

    def login(self, server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (self._settings["user"].encode(), self._settings["password"].encode())
        print(f"login {'accepted' if right else 'refused'} method={mechanism}", flush=True)
        return AuthResult(success=right, handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self._mailbox(address) is None:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        """All recipients' files are written before the first of them is in its mailbox."""
        name = f"{os.getpid()}.{next(self._numbers)}"
        secure = "S" if server.transport.get_extra_info("sslcontext") else ""
        how = f"ESMTP{secure}{'A' if session.authenticated else ''}"
        sender = envelope.mail_from.removeprefix("<").removesuffix(">")  # the null one comes with both
        trace = (f"Return-Path: <{sender}>\n"
                 f"Received: from {session.host_name} by mx.{self._settings['domain']} with {how} id {name}\n")
        boxes = [pathlib.Path(self._settings["mail"], self._mailbox(rcpt)) for rcpt in envelope.rcpt_tos]
        for box in boxes:
            (box / "tmp" / name).write_bytes(trace.encode() + envelope.original_content)
        for box in boxes:
            (box / "tmp" / name).rename(box / "new" / name)
        print(f"delivered {name} to {len(boxes)}", flush=True)
        return "250 2.0.0 delivered"


async def serve(settings):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(settings["cert"], settings["key"])
    handler = Server(settings)

    def session(**more):
        return SMTP(handler, hostname=f"mx.{settings['domain']}", data_size_limit=settings["size"], auth_required=True,
                    authenticator=handler.login, loop=loop, **more)

    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: session(tls_context=tls, require_starttls=True), "127.0.0.1",
                             settings["starttls"])
    await loop.create_server(lambda: session(auth_require_tls=False), "127.0.0.1", settings["implicit"], ssl=tls)
    await loop.create_future()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(pathlib.Path(sys.argv[1]).read_text())))
