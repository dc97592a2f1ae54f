"""Where a guard's settings come from: ``app.config``, else the environment."""

import json
import os
from collections.abc import Mapping
from typing import Any, Callable, Optional

HTTP_STATUS = ("honest", "always-200")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("takes text")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError("takes a number of seconds")
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, (bool, float)):
        raise ValueError("takes a whole number")
    return int(value)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError("takes true or false")


def _secrets(value: Any) -> list[Any]:
    """A list; in the environment one secret, or several as a JSON array."""
    if isinstance(value, str) and value.startswith("["):
        value = json.loads(value)
    if isinstance(value, (str, bytes)):
        value = [value]
    secrets = list(value)
    if not all(isinstance(secret, (str, bytes)) and secret for secret in secrets):
        raise ValueError("takes a list of secrets, none of them empty")
    return secrets


def _http_status(value: Any) -> str:
    if value not in HTTP_STATUS:
        raise ValueError(f"takes {' or '.join(HTTP_STATUS)}")
    return str(value)


#: Each setting, what it is called in ``Guard``, and how it is read. What names a file may end with ``_FILE`` instead.
_SETTINGS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "DOORWARD_URL": ("url", _text),
    "DOORWARD_SERVICE_KEY": ("service_key", _text),
    "DOORWARD_ISSUER": ("issuer", _text),
    "DOORWARD_AUDIENCE": ("audience", _text),
    "DOORWARD_SECRET_KEYS": ("secret_keys", _secrets),
    "DOORWARD_FLASK_ALGORITHM": ("flask_algorithm", _text),
    "DOORWARD_MAX_STALENESS": ("max_staleness", _seconds),
    "DOORWARD_WHEN_STALE": ("when_stale", _text),
    "DOORWARD_CACHE_CAPACITY": ("cache_capacity", _whole),
    "DOORWARD_INTROSPECT": ("introspect", _truth),
    "DOORWARD_INTROSPECTION_TTL": ("introspection_ttl", _seconds),
    "DOORWARD_CA_FILE": ("ca_file", _text),
    "DOORWARD_HTTP_STATUS": ("http_status", _http_status),
}

#: Secrets, which may stand in a file of their own instead.
_IN_FILES: dict[str, Callable[[str], Any]] = {
    "DOORWARD_SERVICE_KEY": str.strip,
    # One a line, the newest first.
    "DOORWARD_SECRET_KEYS": lambda text: [line for line in text.splitlines() if line],
}


def read(config: Mapping[str, Any], environment: Optional[Mapping[str, str]] = None) -> dict[str, Any]:
    """The settings by the names that ``Guard`` gives them, and ``http_status``. One that can't be is an error that names it."""
    environment = os.environ if environment is None else environment
    known = {*_SETTINGS, *(f"{name}_FILE" for name in _IN_FILES)}
    for name in config:
        if isinstance(name, str) and name.startswith("DOORWARD_") and name not in known:
            raise ValueError(f"{name} is no setting of doorward-flask; there are {', '.join(sorted(known))}")
    found: dict[str, Any] = {}
    for name, (argument, convert) in _SETTINGS.items():
        value = _look_up(name, config, environment)
        if value is None:
            continue
        try:
            found[argument] = convert(value)
        except (TypeError, ValueError) as error:
            # Not the value: it may be a secret.
            raise ValueError(f"{name}: {error}") from None
    for name in ("DOORWARD_URL", "DOORWARD_SERVICE_KEY"):
        if _SETTINGS[name][0] not in found:
            raise ValueError(f"{name} is missing, in app.config and in the environment")
    return found


def _look_up(name: str, config: Mapping[str, Any], environment: Mapping[str, str]) -> Any:
    for source in (config, environment):
        if source.get(name) is not None:
            return source[name]
        path = source.get(f"{name}_FILE") if name in _IN_FILES else None
        if path is not None:
            with open(path, encoding="utf-8") as file:
                return _IN_FILES[name](file.read())
    return None
