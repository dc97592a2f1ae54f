"""Tokens as Doorward and the Flask application write them, and as attackers do."""

import base64
import hmac
import json
import time
from typing import Any, Optional, Union

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = AUDIENCE = "doorward"
SECRET = "hard to guess string"
HOUR = 3600


def base64url(data: Union[str, bytes]) -> str:
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def session_id(at: float, number: int = 1) -> str:
    """A session that began at this moment."""
    return f"{int(at * 1000):012x}70008{number:015x}"


class SigningKey:
    def __init__(self, number: int = 1) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.kid = f"key-{number}"

    def jwk(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": base64url(self.public)}

    def sign(self, header: str, payload: str) -> str:
        signed = f"{base64url(header)}.{base64url(payload)}"
        return f"{signed}.{base64url(self._key.sign(signed.encode()))}"

    def header(self, more: str = "") -> str:
        return f'{{"alg":"EdDSA","typ":"at+jwt","kid":"{self.kid}"{more}}}'

    def token(self, *, now: Optional[float] = None, user_id: int = 42, number: int = 1, **changed: Any) -> str:
        """A good access token, but for the claims that are changed; ``None`` leaves one out."""
        now = int(time.time() if now is None else now)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "iat": now,
            "exp": now + HOUR,
            "jti": f"token-{number}",
            "sid": session_id(now, number),
            "preferred_username": "susan",
            **changed,
        }
        return self.sign(self.header(), json.dumps({name: value for name, value in claims.items() if value is not None}))


def sign_hmac(secret: Union[str, bytes], digest: str, header: str, payload: str) -> str:
    signed = f"{base64url(header)}.{base64url(payload)}"
    key = secret.encode() if isinstance(secret, str) else secret
    return f"{signed}.{base64url(hmac.digest(key, signed.encode(), digest))}"


def flask_token(*, now: Optional[float] = None, user_id: int = 42, secret: str = SECRET, sid: Optional[str] = None) -> str:
    """What ``TimedJSONWebSignatureSerializer`` writes."""
    now = int(time.time() if now is None else now)
    payload: dict[str, Any] = {"id": user_id} if sid is None else {"id": user_id, "sid": sid}
    header = json.dumps({"alg": "HS512", "iat": now, "exp": now + HOUR}, separators=(",", ":"))
    return sign_hmac(secret, "sha512", header, json.dumps(payload, separators=(",", ":")))
