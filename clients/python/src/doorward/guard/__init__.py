"""Know who is asking: a guard for services behind Doorward.

    from doorward.guard import Denied, Guard

    guard = Guard("https://id.example", "dw_…", issuer="https://id.example", audience="shop")

    try:
        identity = guard.verify_headers(request.headers.items())
    except Denied as denied:
        ...  # answer with denied.code, and denied.error as the name

Tokens are verified here, not by a call to Doorward: by keys that are fetched, and by revocations that are followed in one thread.
It knows no web framework; ``doorward_flask`` is this guard for Flask.
"""

from ._credentials import API_KEY_PREFIX, credential_from_environ, credential_from_headers
from ._denied import CODES, Denied
from ._guard import Guard, Status
from ._identity import Identity
from ._token import MAX_TOKEN_BYTES
from ._verifier import Verifier

__all__ = [
    "API_KEY_PREFIX",
    "CODES",
    "MAX_TOKEN_BYTES",
    "Denied",
    "Guard",
    "Identity",
    "Status",
    "Verifier",
    "credential_from_environ",
    "credential_from_headers",
]
