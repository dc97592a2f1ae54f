"""What every guard of Doorward must say alike: conformance/guard.jsonl."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from doorward.guard import Denied, Verifier, credential_from_headers
from doorward.guard._answers import read_feed, read_keys

HERE = Path(__file__).parent
#: In a source distribution it stands beside the tests, in Doorward's repository at the top.
PLACES = [HERE.parent / "conformance/guard.jsonl", HERE.parents[2] / "conformance/guard.jsonl"]
VECTORS: list[dict[str, Any]] = [
    json.loads(line) for path in PLACES if path.exists() for line in path.read_text(encoding="utf-8").splitlines()
]


def verifier_of(vector: dict[str, Any]) -> Verifier:
    config = {"max_staleness": None, **vector["config"]}
    keys = [{"kty": "OKP", "crv": "Ed25519", **key} for key in config.pop("ed25519")]
    verifier = Verifier(**config)
    verifier.replace_ed25519(read_keys(json.dumps({"keys": keys}).encode()))
    fresh_at = vector.get("fresh_at", vector["now"])
    verifier.confirm_fresh(-math.inf if fresh_at is None else fresh_at)
    return verifier


def tell(verifier: Verifier, vector: dict[str, Any]) -> None:
    for event in vector["revocations"]:
        # One by one: here they may come late and out of their order.
        answer = {"sequence": event["sequence"], "age_ms": 0, "events": [event]}
        verifier.revocations.apply(read_feed(json.dumps(answer).encode(), after=event["sequence"] - 1).items)


def value_of(written: Any) -> str:
    if isinstance(written, list):
        return "".join(value_of(part) for part in written)
    if isinstance(written, dict):
        text, times = written["repeat"]
        return str(text) * int(times)
    return str(written)


def verdict(verifier: Verifier, vector: dict[str, Any]) -> dict[str, Any]:
    headers = [(name, value_of(value)) for name, value in vector["headers"]]
    try:
        identity = verifier.verify(credential_from_headers(headers), vector["now"])
    except Denied as denied:
        return {"error": denied.error}
    return {
        "user_id": identity.user_id,
        "session_id": identity.session_id,
        "roles": list(identity.roles),
        "username": identity.username,
        "format": identity.format,
    }


def test_the_vectors_are_there() -> None:
    assert len(VECTORS) > 700
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(vector: dict[str, Any]) -> None:
    verifier = verifier_of(vector)
    tell(verifier, vector)
    assert verdict(verifier, vector) == vector["expect"]
    # Now that it may be remembered.
    assert verdict(verifier, vector) == vector["expect"]
    # What was remembered before the revocations came.
    verifier = verifier_of(vector)
    verdict(verifier, vector)
    tell(verifier, vector)
    assert verdict(verifier, vector) == vector["expect"]
