"""Why a request is not let in."""

from typing import Final, Optional

#: What a caller is told to wait before trying again, in seconds, while the guard can't say who is asking.
RETRY_AFTER: Final = 1

#: Every name of a refusal, with the code of the answer.
CODES: Final[dict[str, int]] = {
    "token_missing": 403,
    "token_ambiguous": 401,
    "token_malformed": 401,
    "token_expired": 401,
    "token_not_yet_valid": 401,
    "token_revoked": 401,
    "token_invalid": 401,
    "guard_stale": 503,
}


class Denied(Exception):
    """A request that is not let in.

    Two things are told about it, and they differ on purpose: ``error`` is what a client may learn, ``reason`` is for the log.
    Whoever forges tokens learns neither which check stopped them nor which keys exist. Neither holds anything of the request.
    """

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(error, reason)
        #: The stable name: a key of ``CODES``.
        self.error = error
        #: The exact reason.
        self.reason = reason

    @property
    def code(self) -> int:
        """The HTTP status of the answer."""
        return CODES[self.error]

    @property
    def retry_after(self) -> Optional[int]:
        """After how many seconds it is worth trying again, where that may help."""
        return RETRY_AFTER if self.code == 503 else None

    def __str__(self) -> str:
        return f"{self.error}: {self.reason}"


def malformed(rule: str) -> Denied:
    """Not the form of a token; says which rule was broken."""
    return Denied("token_malformed", rule)


def invalid(reason: str) -> Denied:
    """Signature, key, issuer, audience, type or algorithm are not right."""
    return Denied("token_invalid", reason)
