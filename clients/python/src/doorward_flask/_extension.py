"""The guard in a Flask application."""

import functools
import json
import logging
from typing import Any, Callable, Optional, TypeVar, cast

from flask import Flask, Response, current_app, request
from werkzeug.local import LocalProxy

from doorward.guard import Denied, Guard, Identity, Status, credential_from_environ

from . import _words
from ._settings import read

_LOG = logging.getLogger("doorward.flask")

#: Where an application keeps its extension.
_NAME = "doorward"
#: Where a request keeps who sent it. No header can: what comes from outside begins with ``HTTP_``.
_SEEN = "doorward.flask.seen"

View = TypeVar("View", bound=Callable[..., Any])


class DoorwardFlask:
    """Doorward's guard for one application.

    ``DoorwardFlask(app)`` or ``init_app`` reads ``app.config`` and the environment, and tells at once what is missing. An
    application that does neither gets its guard at the first guarded request.
    """

    def __init__(self, app: Optional[Flask] = None, *, guard: Optional[Guard] = None) -> None:
        self._guard = guard
        self._always_200 = False
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Guards this application."""
        self._configure(app)
        app.extensions[_NAME] = self

    def _configure(self, app: Flask) -> None:
        if self._guard is None:
            settings = read(app.config)
            self._always_200 = settings.pop("http_status", "honest") == "always-200"
            self._guard = Guard(**settings)
        else:
            self._always_200 = app.config.get("DOORWARD_HTTP_STATUS", "honest") == "always-200"

    @property
    def guard(self) -> Guard:
        """The guard, which works without Flask too."""
        if self._guard is None:
            raise RuntimeError("call init_app first")
        return self._guard

    def status(self) -> Status:
        """What the guard knows, and how fresh that is."""
        return self.guard.status()

    def identify(self) -> Identity:
        """Who sends the current request; looked at once a request. Raises ``Denied``."""
        return self._seen().identity()

    def identify_with_roles(self) -> Identity:
        """The same with the roles, for which Doorward may have to be asked. Raises ``Denied``."""
        return self._seen().identity_with_roles()

    def _seen(self) -> "_Seen":
        environ = request.environ
        seen = environ.get(_SEEN)
        if seen is None or seen.guard is not self._guard:
            seen = environ[_SEEN] = _Seen(self.guard, environ.get("HTTP_TOKEN"), environ.get("HTTP_AUTHORIZATION"))
        return cast(_Seen, seen)

    def refusal(self, denied: Denied) -> Response:
        """The answer to a request that is not let in."""
        _LOG.debug("refused: %s", denied)
        message = _words.denied(denied.error, request.headers.get("Accept-Language", ""))
        response = self._envelope(denied.code, denied.error, message)
        if denied.code == 401:
            # RFC 6750 §3.1: one code for every token that is no longer, or never was, good.
            response.headers["WWW-Authenticate"] = 'Bearer realm="doorward", error="invalid_token"'
        if denied.retry_after is not None:
            response.headers["Retry-After"] = str(denied.retry_after)
        return response

    def role_refusal(self, role: str) -> Response:
        """The answer to a user who lacks a role."""
        message = _words.role_required(role, request.headers.get("Accept-Language", ""))
        return self._envelope(403, "role_required", message)

    def _envelope(self, code: int, error: str, message: str) -> Response:
        if _wants_problem(request.headers.get("Accept", "")):
            body = {"type": f"urn:doorward:error:{error}", "title": message, "status": code, "error": error}
            mimetype = "application/problem+json"
        else:
            body = {"code": code, "message": message, "data": None, "error": error}
            mimetype = "application/json"
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        response = Response(text, status=200 if self._always_200 else code, mimetype=mimetype)
        response.headers["Cache-Control"] = "no-store"
        return response


class _Seen:
    """What a request shows, and what was found out about it."""

    __slots__ = ("_authorization", "_found", "_token", "_with_roles", "guard")

    def __init__(self, guard: Guard, token: Optional[str], authorization: Optional[str]) -> None:
        self.guard = guard
        self._token = token
        self._authorization = authorization
        self._found: Optional[Identity] = None
        self._with_roles: Optional[Identity] = None

    def identity(self) -> Identity:
        if self._found is None:
            self._found = self.guard.verify(self._credential())
        return self._found

    def identity_with_roles(self) -> Identity:
        if self._with_roles is None:
            self._with_roles = self.guard.with_roles(self.identity(), self._credential())
        return self._with_roles

    def _credential(self) -> str:
        return credential_from_environ(self._token, self._authorization)


class User:
    """Who sends the current request: what ``current_user`` stands for."""

    __slots__ = ("_extension", "_identity")

    def __init__(self, extension: DoorwardFlask, identity: Optional[Identity]) -> None:
        self._extension = extension
        self._identity = identity

    @property
    def is_authenticated(self) -> bool:
        """Whether it is known who asks."""
        return self._identity is not None

    @property
    def is_anonymous(self) -> bool:
        """Whether it is not."""
        return self._identity is None

    @property
    def id(self) -> Optional[int]:
        """The id in Doorward's ``users``, ``None`` for nobody."""
        return None if self._identity is None else self._identity.user_id

    def get_id(self) -> Optional[str]:
        """The same as text, as Flask-Login has it."""
        return None if self._identity is None else str(self._identity.user_id)

    @property
    def username(self) -> Optional[str]:
        """The name, where the token or Doorward's introspection tells it."""
        return None if self._identity is None else self._identity.username or self._told().username

    @property
    def session_id(self) -> Optional[str]:
        """The session that the token belongs to."""
        return None if self._identity is None else self._identity.session_id

    @property
    def roles(self) -> "tuple[str, ...]":
        """The roles."""
        return () if self._identity is None else self._told().roles

    def has_role(self, role: str) -> bool:
        """Whether one of the roles is ``role``, letter for letter."""
        return role in self.roles

    @property
    def identity(self) -> Optional[Identity]:
        """All that is known, ``None`` for nobody."""
        return self._identity

    def _told(self) -> Identity:
        return self._extension.identify_with_roles()

    def __repr__(self) -> str:
        return "<nobody>" if self._identity is None else f"<user {self._identity.user_id}>"


def extension() -> DoorwardFlask:
    """The current application's, made from its settings if it has none yet."""
    found = current_app.extensions.get(_NAME)
    if found is None:
        made = DoorwardFlask()
        made._configure(cast(Any, current_app)._get_current_object())
        # Of several first requests at once, one's counts; a guard that is never used follows nothing.
        found = current_app.extensions.setdefault(_NAME, made)
    return cast(DoorwardFlask, found)


def _current_user() -> User:
    here = extension()
    try:
        return User(here, here.identify())
    except Denied:
        return User(here, None)


#: Who sends the current request, whether the view is guarded or not: ``current_user.is_authenticated`` tells.
current_user: User = cast(User, LocalProxy(_current_user))


def login_required(view: View) -> View:
    """Lets in who shows a good token, in the header ``token`` or as ``Authorization: Bearer``.

    Others get the answer of the application that this comes from: code 403 without a token, 401 with a bad one, in the envelope
    ``{code, message, data}``; besides, ``error`` names the reason.
    """

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        here = extension()
        try:
            here.identify()
        except Denied as denied:
            return here.refusal(denied)
        return _call(view, args, kwargs)

    return cast(View, guarded)


def roles_required(*roles: str) -> Callable[[View], View]:
    """Lets in who has all of these roles; others, who are signed in, get code 403 and ``role_required``."""
    if not roles or not all(isinstance(role, str) for role in roles):
        raise TypeError("roles_required takes the names of roles")

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            here = extension()
            try:
                # A token that is good by itself may still be too little: only then, and for some tokens, is Doorward asked.
                identity = here.identify_with_roles()
            except Denied as denied:
                return here.refusal(denied)
            for role in roles:
                if not identity.has_role(role):
                    return here.role_refusal(role)
            return _call(view, args, kwargs)

        return cast(View, guarded)

    return decorate


def _call(view: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    # Since Flask 2.0 a view may be `async`.
    ensure_sync: Any = getattr(current_app, "ensure_sync", None)
    return view(*args, **kwargs) if ensure_sync is None else ensure_sync(view)(*args, **kwargs)


def _wants_problem(accept: str) -> bool:
    if "application/problem+json" not in accept.lower():
        return False
    for part in accept.split(","):
        mimetype, *parameters = [piece.strip().lower() for piece in part.split(";")]
        if mimetype == "application/problem+json":
            return not any(parameter in ("q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000") for parameter in parameters)
    return False
