"""Uses the generated client as an application would, at the server that the first argument names.

mypy holds it to the generated types; what it finds at the server is held to the same types when it runs.
"""

import sys
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar

from doorward_client import AuthenticatedClient, Client
from doorward_client.api.login import get_logout, post_login, post_logout, post_token_refresh
from doorward_client.api.me import get_me
from doorward_client.models import (
    ErrorAnswer,
    LoginAnswer,
    LoginRequest,
    LogoutAnswer,
    Me,
    MeEnvelope,
    RefreshRequest,
)
from doorward_client.types import Response, Unset

Success = TypeVar("Success")


def answered(response: Response[Success | ErrorAnswer], kind: type[Success]) -> Success:
    """The answer, which must be of this kind."""
    answer = response.parsed
    assert isinstance(answer, kind), f"{response.status_code}, not {kind.__name__}: {response.content!r}"
    assert response.status_code == HTTPStatus.OK, response
    return answer


def refused(response: Response[Success | ErrorAnswer], status: HTTPStatus) -> ErrorAnswer:
    """The failure in the place of an answer."""
    error = response.parsed
    assert isinstance(error, ErrorAnswer), f"{response.status_code}, not a failure: {response.content!r}"
    assert response.status_code == (HTTPStatus.OK if ALWAYS_200 else status), response
    assert (error.code, error.data) == (status, None), error
    assert error.message
    return error


def signed_in(access_token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=ADDRESS, token=access_token, raise_on_unexpected_status=True)


def me(access_token: str) -> Me:
    with signed_in(access_token) as client:
        return answered(get_me.sync_detailed(client=client), MeEnvelope).data


def main() -> None:
    with Client(base_url=ADDRESS, raise_on_unexpected_status=True) as client:
        wrong = LoginRequest(username="admin", password="not the password")
        error = refused(post_login.sync_detailed(client=client, body=wrong), HTTPStatus.UNAUTHORIZED)
        assert error.error == "invalid_credentials", error
        assert isinstance(error.errors, Unset), error

        empty = LoginRequest(username="", password="")
        error = refused(post_login.sync_detailed(client=client, body=empty), HTTPStatus.BAD_REQUEST)
        assert isinstance(error.errors, list), error
        assert [(it.field, it.error) for it in error.errors] == [("username", "empty"), ("password", "empty")]

        right = LoginRequest(username="admin", password=PASSWORD)
        login = answered(post_login.sync_detailed(client=client, body=right), LoginAnswer)
        assert login.expiration > 0 and login.refresh_expiration > login.expiration, login

    user = me(login.token)
    assert (user.username, user.email, user.roles) == ("admin", None, ["admin"]), user
    assert isinstance(user.member_since, datetime) and user.member_since.tzinfo is not None, user

    with Client(base_url=ADDRESS, raise_on_unexpected_status=True) as client:
        body = RefreshRequest(refresh_token=login.refresh_token)
        renewed = answered(post_token_refresh.sync_detailed(client=client, body=body), LoginAnswer)
        assert renewed.token != login.token
        body = RefreshRequest(refresh_token="no refresh token")
        error = refused(post_token_refresh.sync_detailed(client=client, body=body), HTTPStatus.UNAUTHORIZED)
        assert error.error == "refresh_token_invalid", error
    assert me(renewed.token).id == user.id

    with signed_in(renewed.token) as bearer:
        assert answered(post_logout.sync_detailed(client=bearer), LogoutAnswer).message
        error = refused(get_me.sync_detailed(client=bearer), HTTPStatus.UNAUTHORIZED)
        assert error.error == "token_revoked", error
        error = refused(get_logout.sync_detailed(client=bearer), HTTPStatus.UNAUTHORIZED)
        assert error.error == "token_revoked", error


ADDRESS, PASSWORD, HTTP_STATUS = sys.argv[1:]
ALWAYS_200 = HTTP_STATUS == "always-200"

if __name__ == "__main__":
    main()
