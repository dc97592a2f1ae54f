"""The rule of what is a good token: keys, revocations and time; no network, no threads."""

import math
from collections import OrderedDict
from collections.abc import Iterable
from typing import Optional, Union

from ._credentials import API_KEY_PREFIX
from ._denied import Denied, invalid
from ._identity import Identity
from ._keys import DIGESTS, Key, Keys
from ._revocations import Revocations
from ._token import MAX_TOKEN_BYTES, Expectations, verify


class _Remembered:
    __slots__ = ("checked", "identity", "key")

    def __init__(self, identity: Identity, key: Key, checked: int) -> None:
        self.identity = identity
        self.key = key
        #: The version of the revocations at which it was last found good.
        self.checked = checked


class Verifier:
    """Verifies access tokens of both formats, and remembers what it verified.

    While nothing new is revoked, a token seen before costs a look-up of the whole token and the comparison of two numbers.
    """

    def __init__(
        self,
        *,
        issuer: str = "doorward",
        audience: str = "doorward",
        secret_keys: Iterable[Union[str, bytes]] = (),
        flask_algorithm: str = "HS512",
        max_staleness: Optional[float] = 30,
        cache_capacity: int = 65_536,
        future_skew_seconds: int = 60,
    ) -> None:
        if flask_algorithm not in DIGESTS:
            raise ValueError(f"flask_algorithm is {flask_algorithm!r}; it takes {', '.join(DIGESTS)}")
        if isinstance(secret_keys, (str, bytes)):
            raise ValueError("secret_keys is one secret; put it in a list")
        if cache_capacity < 1:
            raise ValueError("cache_capacity must be at least 1")
        if max_staleness is not None and not max_staleness > 0:
            raise ValueError("max_staleness must be more than 0 seconds")
        self.keys = Keys(secret_keys, flask_algorithm)
        self.revocations = Revocations()
        self._expected = Expectations(issuer, audience, future_skew_seconds)
        self._max_staleness = max_staleness
        self._capacity = cache_capacity
        self._verified: OrderedDict[str, _Remembered] = OrderedDict()
        self._fresh_at = -math.inf

    def verify(self, token: str, now: float) -> Identity:
        """Who shows this token at ``now`` (unix seconds): from memory, or verified and then remembered. Raises ``Denied``."""
        limit = self._max_staleness
        if limit is not None and not -limit <= now - self._fresh_at <= limit:
            raise stale()
        known = self._verified.get(token)
        if known is None or known.key.withdrawn:
            return self._verify_anew(token, now)
        identity = known.identity
        if identity.is_expired(now):
            self._verified.pop(token, None)
            raise Denied("token_expired", "expired")
        if known.checked != self.revocations.version:
            identity = self._check_again(known)
        try:  # noqa: SIM105 the hot path
            self._verified.move_to_end(token)
        except KeyError:
            # It gave way to another meanwhile.
            pass
        return identity

    def confirm_fresh(self, at: float) -> None:
        """Says that the feed of revocations was read to its end at this moment."""
        # Not the greater of both: after the clock was set back, an old time ahead of it would hide a lost feed.
        self._fresh_at = at

    @property
    def fresh_at(self) -> float:
        """When the feed was last read to its end, in unix seconds; minus infinity if never."""
        return self._fresh_at

    def is_stale(self, now: float) -> bool:
        """Whether the feed was not heard of for too long: then nobody is let in."""
        # A confirmation from the future is no better than an old one: the clock was set back, and nobody confirmed since.
        return self._max_staleness is not None and abs(now - self._fresh_at) > self._max_staleness

    def replace_ed25519(self, published: dict[str, bytes]) -> None:
        """From now on exactly these keys verify JWTs. What a withdrawn key verified is over."""
        if self.keys.replace_ed25519(published):
            self.forget()

    def forget(self) -> None:
        """Remembers no verified token any more."""
        self._verified = OrderedDict()

    def prune(self, now: float) -> None:
        """Gives back the memory of what is over, credentials and revocations."""
        self.revocations.prune(now)
        remembered = self._verified
        for token, known in list(remembered.items()):
            if known.identity.is_expired(now):
                remembered.pop(token, None)

    def remembered(self) -> int:
        """How many verified tokens are remembered."""
        return len(self._verified)

    def _check_again(self, known: _Remembered) -> Identity:
        """Something was revoked since this was last found good."""
        # Read before the sets: what is added to them later makes a later version, and is then looked for the next time.
        version = self.revocations.version
        identity = self._standing(known.identity)
        known.identity = identity
        known.checked = version
        return identity

    def _standing(self, identity: Identity) -> Identity:
        # What is revoked stays remembered: to refuse it again costs a look-up, to verify it again a signature.
        if self.revocations.is_revoked(identity):
            raise Denied("token_revoked", "revoked")
        roles = self.revocations.roles_of(identity)
        return identity if roles is None else identity.with_roles(roles)

    def _verify_anew(self, token: str, now: float) -> Identity:
        if token.startswith(API_KEY_PREFIX):
            raise invalid("an API key, which only Doorward can read")
        version = self.revocations.version
        identity, key = verify(token, self.keys, self._expected, now)
        remembered = _Remembered(identity, key, version - 1)
        if len(token) <= MAX_TOKEN_BYTES:
            self._remember(token, remembered)
        identity = self._standing(identity)
        remembered.identity = identity
        remembered.checked = version
        # Withdrawn while this verified.
        if key.withdrawn:
            raise Denied("token_invalid", "the key was withdrawn")
        return identity

    def _remember(self, token: str, remembered: _Remembered) -> None:
        verified = self._verified
        verified[token] = remembered
        while len(verified) > self._capacity:
            try:
                verified.popitem(last=False)
            except KeyError:
                break


def stale() -> Denied:
    """Nobody can be let in safely."""
    return Denied("guard_stale", "the revocation feed is stale")
