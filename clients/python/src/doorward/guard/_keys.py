"""Everything that may verify a token."""

import hmac
from collections.abc import Iterable
from typing import Optional, Union

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

#: What ``hmac`` calls the algorithms of RFC 7518 §3.2.
DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class Ed25519Key:
    """The public half of a signing key: verifies tokens of the ``jwt`` format."""

    __slots__ = ("_key", "kid", "withdrawn", "x")

    def __init__(self, kid: str, x: bytes) -> None:
        self.kid = kid
        self.x = x
        #: What a withdrawn key verified is over with it.
        self.withdrawn = False
        self._key = Ed25519PublicKey.from_public_bytes(x)

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is this key's over ``signed``."""
        try:
            self._key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True


class Secret:
    """A secret for tokens of the ``flask`` format."""

    __slots__ = ("_digest", "_secret", "withdrawn")

    def __init__(self, secret: bytes, algorithm: str) -> None:
        self._secret = secret
        self._digest = DIGESTS[algorithm]
        self.withdrawn = False

    def verifies(self, signed: bytes, tag: bytes) -> bool:
        """Whether ``tag`` authenticates ``signed``."""
        return hmac.compare_digest(hmac.digest(self._secret, signed, self._digest), tag)


Key = Union[Ed25519Key, Secret]


class Keys:
    """The keys that count now. ``replace_ed25519`` is called by one thread at a time."""

    def __init__(self, secrets: Iterable[Union[str, bytes]], algorithm: str) -> None:
        self.algorithm = algorithm
        given = [secret.encode("utf-8") if isinstance(secret, str) else secret for secret in secrets]
        # Anyone could sign with an empty secret.
        self.secrets: list[Secret] = [Secret(secret, algorithm) for secret in given if secret]
        self._ed25519: dict[str, Ed25519Key] = {}
        #: Whether a key set was ever had.
        self.fetched = False

    def named(self, kid: str) -> Optional[Ed25519Key]:
        """The Ed25519 key of this name."""
        return self._ed25519.get(kid)

    def kids(self) -> list[str]:
        """The names of the Ed25519 keys."""
        return list(self._ed25519)

    def signer_of(self, signed: bytes, tag: bytes) -> Optional[Secret]:
        """The secret under which ``tag`` authenticates ``signed``."""
        for secret in self.secrets:
            if secret.verifies(signed, tag):
                return secret
        return None

    def replace_ed25519(self, published: dict[str, bytes]) -> bool:
        """From now on exactly these keys verify JWTs; says whether one was withdrawn."""
        before = self._ed25519
        after: dict[str, Ed25519Key] = {}
        for kid, x in published.items():
            known = before.get(kid)
            after[kid] = known if known is not None and known.x == x else Ed25519Key(kid, x)
        self._ed25519 = after
        withdrawn = [key for kid, key in before.items() if after.get(kid) is not key]
        for key in withdrawn:
            key.withdrawn = True
        self.fetched = True
        return bool(withdrawn)
