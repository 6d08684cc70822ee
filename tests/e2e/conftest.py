# SPDX-License-Identifier: ISC
"""Fixtures: a provider of one's own, and a posternd of one's own that relays to it."""

import pytest
from postern import Postern
from provider import Provider


def pytest_collection_modifyitems(items):
    """No test may hang, whatever it tests; and the many that are short come last, so that no process is left with long ones."""
    items.sort(key=lambda item: item.path.name == "test_talk.py")
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(90))


@pytest.fixture
def provider():
    with Provider() as provider:
        yield provider


@pytest.fixture
def postern(provider):
    with Postern(provider) as postern:
        yield postern
