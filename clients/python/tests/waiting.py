"""Waiting for what another thread or process brings about."""

import time
from typing import Any, Callable


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """The time is a bound, not a measure."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)
