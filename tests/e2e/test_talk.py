# SPDX-License-Identifier: ISC
"""The conversations of talk/*.talk with a real posternd, in three ways: a write for each command, one write, octet by octet."""

import contextlib
import json
import re

import pytest
from conversation import LISTENERS, WAYS, Conversation, scripts
from postern import Postern, free_port
from provider import Provider, certificates


def settings_of(script):
    return json.dumps(script.server, sort_keys=True)


# Those with the same settings follow each other, and share a posternd.
SCRIPTS = sorted(scripts(), key=settings_of)
CASES = [pytest.param(script, case, way, id=f"{script.name}: {case.title}, {way}")
         for script in SCRIPTS for case in script.cases for way in case.ways]


# What $USERS is (conversation.py).
USERS = """\
alice:$6$postern$B7RKF8t6NIR.Noc7D.YDQW3a1yxXpKWWOuwEM4VxKepZlOIgkIa1TcqovnC6VQ.F.9LVzvCQUMSY2HQmzrGxW0
bob:SCRAM-SHA-256$4096:cG9zdGVybidzIHNhbHQgMQ==$3BD2y2RhbOBxB59eE8qz7gR5NgGmxHJ0HTEMnn5nJR4=:cEnsmymjfH5Tp3KFbQnLE3g7Ig0U9jCwFAh8XTe+ODc=
d\xf6rte:SCRAM-SHA-256$4096:cG9zdGVybidzIHNhbHQgMg==$PFxjEtuKU8lFI8j05frENLopvYts9Q1KnXz0v1vqY4o=:OflWmo3lww5YAguDnsTYc3NqFQZ61BMlIXTra4vac7c=
"""


class Server:
    """The posternd of some scripts at a time, with a listener of each kind."""

    def __init__(self, users):
        users.write_text(USERS, encoding="utf-8")
        users.chmod(0o600)
        self._users = users
        self._settings = None
        self._script = None
        self._postern = None
        self._stack = contextlib.ExitStack()

    def of(self, script):
        if self._settings != settings_of(script):
            self.close()
            self._start(script.server)
            self._settings = settings_of(script)
        elif self._script is not script:
            self._postern.wait_empty()
            self._postern.provider.forget_messages()
        self._script = script
        return self._postern

    def _start(self, settings):
        postern = Postern(self._stack.enter_context(Provider()))
        listen = {kind: {"address": "127.0.0.1", "port": free_port(), **keys, **settings.get("listen", {})}
                  for kind, (keys, _) in LISTENERS.items()}
        text = json.dumps({**settings, "listen": listen})
        for name, value in {"$USERS": self._users, "$DIR": postern.dir, "$CERT": certificates() / "good.pem",
                            "$KEY": certificates() / "good.key"}.items():
            text = text.replace(name, str(value))
        postern.set(**json.loads(text))
        self._postern = self._stack.enter_context(postern)

    def close(self):
        self._stack.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with contextlib.closing(Server(tmp_path_factory.mktemp("talk") / "users")) as server:
        yield server


@pytest.mark.parametrize("script, case, way", CASES)
def test_conversation(server, script, case, way):
    Conversation(server.of(script), script, case, way).run()


def test_there_are_150_cases_and_each_names_its_place():
    cases = [case for script in SCRIPTS for case in script.cases]
    assert all(re.match(r"(RFC \d+|PROXY \d)", case.place) and case.title for case in cases)
    assert len(cases) >= 150
