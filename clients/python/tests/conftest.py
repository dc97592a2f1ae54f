"""What tests begin from."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from doorward.guard import Guard
from fake_doorward import SERVICE_KEY, FakeDoorward
from signing import SECRET


@pytest.fixture
def doorward() -> Iterator[FakeDoorward]:
    fake = FakeDoorward()
    yield fake
    fake.stop()


@pytest.fixture
def make_guard(doorward: FakeDoorward) -> Iterator[Callable[..., Guard]]:
    made: list[Guard] = []

    def make(**settings: Any) -> Guard:
        guard = Guard(doorward.url, SERVICE_KEY, **{"secret_keys": [SECRET], **settings})
        made.append(guard)
        return guard

    yield make
    for guard in made:
        guard.close()
