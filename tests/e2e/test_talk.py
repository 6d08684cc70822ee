# SPDX-License-Identifier: ISC
"""The conversations of talk/*.talk with a real posternd, in three ways: a write for each command, one write, octet by octet."""

import contextlib
import json

import pytest
from conversation import WAYS, Conversation, scripts
from postern import Postern
from provider import Provider

SCRIPTS = scripts()
CASES = [pytest.param(script, case, way, id=f"{script.name}: {case.title}, {way}")
         for script in SCRIPTS for case in script.cases for way in WAYS]


# What $USERS is (conversation.py).
USERS = "alice:$6$postern$B7RKF8t6NIR.Noc7D.YDQW3a1yxXpKWWOuwEM4VxKepZlOIgkIa1TcqovnC6VQ.F.9LVzvCQUMSY2HQmzrGxW0\n"


class Server:
    """The posternd of one file at a time: the cases of a file follow each other."""

    def __init__(self, users):
        users.write_text(USERS)
        users.chmod(0o600)
        self._users = users
        self._script = None
        self._postern = None
        self._stack = contextlib.ExitStack()

    def of(self, script):
        if self._script is not script:
            self.close()
            settings = json.loads(json.dumps(script.server).replace("$USERS", str(self._users)))
            self._postern = self._stack.enter_context(Postern(self._stack.enter_context(Provider()), **settings))
            self._script = script
        return self._postern

    def close(self):
        self._stack.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with contextlib.closing(Server(tmp_path_factory.mktemp("talk") / "users")) as server:
        yield server


@pytest.mark.parametrize("script, case, way", CASES)
def test_conversation(server, script, case, way):
    Conversation(server.of(script), case, way).run()


def test_there_are_150_cases_and_each_names_its_place():
    cases = [case for script in SCRIPTS for case in script.cases]
    assert all(case.place.startswith("RFC ") and case.title for case in cases)
    assert len(cases) >= 150
