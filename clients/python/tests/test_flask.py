"""The decorators in an application, with the words and codes of the one that they come from."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable

import flask
import pytest

from doorward_flask import DoorwardFlask, current_user, login_required, roles_required
from doorward_flask import _words as words
from doorward_flask._settings import read
from fake_doorward import SERVICE_KEY, FakeDoorward
from signing import SECRET, SigningKey, flask_token, session_id
from waiting import until

MISSING = {"code": 403, "message": "缺少参数token", "data": None, "error": "token_missing"}
BAD = {"code": 401, "message": "验证失败, 无效的token", "data": None}

MakeApp = Callable[..., flask.Flask]


@pytest.fixture
def make_app(doorward: FakeDoorward) -> Any:
    made: list[flask.Flask] = []

    def make(init: bool = True, **config: Any) -> flask.Flask:
        app = flask.Flask(__name__)
        app.config.update(
            DOORWARD_URL=doorward.url, DOORWARD_SERVICE_KEY=SERVICE_KEY, DOORWARD_SECRET_KEYS=[SECRET], SECRET_KEY="x", TESTING=True
        )
        app.config.update(config)
        if init:
            DoorwardFlask(app)
        made.append(app)

        @app.route("/my_info")
        @login_required
        def my_info() -> Any:
            return flask.jsonify({"code": 200, "message": None, "data": {"hello": "world"}})

        @app.route("/who")
        def who() -> Any:
            return flask.jsonify(
                [current_user.is_authenticated, current_user.is_anonymous, current_user.id, current_user.get_id(),
                 current_user.username, list(current_user.roles), current_user.session_id, repr(current_user)]
            )  # fmt: skip

        @app.route("/reports/<int:number>")
        @roles_required("admin", "auditor")
        def reports(number: int) -> Any:
            return flask.jsonify(number)

        return app

    yield make
    for app in made:
        if "doorward" in app.extensions:
            app.extensions["doorward"].guard.close()


def test_the_articles_words_and_codes(make_app: MakeApp) -> None:
    client = make_app().test_client()
    answer = client.get("/my_info")
    assert (answer.status_code, answer.get_json()) == (403, MISSING)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data.decode() == '{"code":403,"message":"缺少参数token","data":null,"error":"token_missing"}'
    for token, error in (
        ("abc", "token_malformed"),
        ("...", "token_malformed"),
        ("x" * 4000, "token_malformed"),
        ("", "token_malformed"),
        (flask_token(secret="other"), "token_invalid"),
        (flask_token(now=5), "token_expired"),
    ):
        answer = client.get("/my_info", headers={"token": token})
        assert (answer.status_code, answer.get_json()) == (401, {**BAD, "error": error})
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="doorward", error="invalid_token"'
    answer = client.get("/my_info", headers={"token": flask_token()})
    assert (answer.status_code, answer.get_json()) == (200, {"code": 200, "message": None, "data": {"hello": "world"}})


def test_always_200(make_app: MakeApp, doorward: FakeDoorward) -> None:
    client = make_app(DOORWARD_HTTP_STATUS="always-200").test_client()
    for headers, code in (({}, 403), ({"token": "abc"}, 401), ({"token": flask_token()}, 200)):
        answer = client.get("/my_info", headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (200, code)
    assert client.get("/reports/1", headers={"token": flask_token()}).get_json()["error"] == "role_required"


def test_both_headers(make_app: MakeApp) -> None:
    client = make_app().test_client()
    token, other = flask_token(), flask_token(user_id=7)
    for headers in (
        {"token": token}, {"TOKEN": token}, {"Authorization": f"Bearer {token}"}, {"Authorization": f"bEaReR   {token}"},
        {"token": token, "Authorization": f"Bearer {token}"}, {"token": token, "Authorization": "Basic dTpw"},
    ):  # fmt: skip
        assert client.get("/my_info", headers=headers).status_code == 200, headers
    for headers, error in (
        ({"token": token, "Authorization": f"Bearer {other}"}, "token_ambiguous"),
        ({"token": token, "Authorization": "Bearer "}, "token_ambiguous"),
        ({"token": f"{token},{token}"}, "token_malformed"),
        ({"token": f" {token} x"}, "token_malformed"),
        ({"token": f"Bearer {token}"}, "token_malformed"),
        ({"Authorization": f"Bearer {token}, Bearer {other}"}, "token_malformed"),
        ({"Authorization": "Bearer"}, "token_malformed"),
        ({"Authorization": f"Basic {token}"}, "token_missing"),
        ({"Cookie": f"token={token}; doorward={token}"}, "token_missing"),
    ):
        answer = client.get("/my_info", headers=headers)
        assert answer.get_json()["error"] == error, headers
    assert client.get(f"/my_info?token={token}").get_json()["error"] == "token_missing"


def test_languages_and_problems(make_app: MakeApp) -> None:
    client = make_app().test_client()
    for accepted, said in (
        ("en", "Sign in first: no token came with the request."),
        ("zh-CN,zh;q=0.9,en;q=0.8", "请先登录:请求中没有token。"),
        ("de", "Sign in first: no token came with the request."),
        ("zh;q=0", "Sign in first: no token came with the request."),
        ("", "缺少参数token"),
    ):
        assert client.get("/my_info", headers={"Accept-Language": accepted}).get_json()["message"] == said
    answer = client.get("/my_info", headers={"Accept": "application/problem+json", "Accept-Language": "en"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.data) == {
        "type": "urn:doorward:error:token_missing", "title": "Sign in first: no token came with the request.",
        "status": 403, "error": "token_missing",
    }  # fmt: skip
    for accepted in ("application/problem+json;q=0", "application/json", "*/*"):
        assert client.get("/my_info", headers={"Accept": accepted}).get_json() == MISSING


def test_the_words_are_doorwards() -> None:
    source = Path(__file__).parents[3] / "crates/doorward-guard/src/denied.rs"
    if not source.exists():
        pytest.skip("not in Doorward's own repository")
    rust = source.read_text(encoding="utf-8")
    for name, (english, chinese) in words._WORDS.items():
        assert f'("{english}", "{chinese}")' in rust, name
    assert f'"{words.FLASK_TOKEN_MISSING}"' in rust
    assert f'"{words.FLASK_TOKEN_BAD}"' in rust


def test_roles(make_app: MakeApp, doorward: FakeDoorward) -> None:
    client = make_app().test_client()
    key = doorward.keys[0]

    def ask(**claims: Any) -> tuple[int, Any]:
        answer = client.get("/reports/7", headers={"token": key.token(**claims)})
        return answer.status_code, answer.get_json()

    assert ask(roles=["admin", "auditor", "x"]) == (200, 7)
    refused = {"code": 403, "message": "This needs the role auditor.", "data": None, "error": "role_required"}
    assert ask(roles=["admin"]) == (403, refused)
    assert ask()[1]["message"] == "This needs the role admin."
    assert ask(roles=["Admin", "auditor"])[0] == 403
    assert client.get("/reports/7").get_json() == MISSING
    zh = client.get("/reports/7", headers={"token": key.token(), "Accept-Language": "zh"}).get_json()
    assert zh["message"] == "需要角色 admin"
    for wrong in ((), (lambda: None,)):
        with pytest.raises(TypeError):
            roles_required(*wrong)


def test_roles_of_flask_tokens_by_introspection(make_app: MakeApp, doorward: FakeDoorward) -> None:
    token = flask_token()
    doorward.introspected[token] = {
        "active": True, "sub": "42", "doorward_kind": "flask", "username": "susan", "roles": ["admin", "auditor"],
    }  # fmt: skip
    plain, asking = make_app().test_client(), make_app(DOORWARD_INTROSPECT=True).test_client()
    assert plain.get("/reports/7", headers={"token": token}).status_code == 403
    assert asking.get("/my_info", headers={"token": token}).status_code == 200
    assert doorward.requests["/introspect"] == 0
    assert asking.get("/reports/7", headers={"token": token}).get_json() == 7
    assert asking.get("/who", headers={"token": token}).get_json()[4] == "susan"
    assert doorward.requests["/introspect"] == 1


def test_current_user(make_app: MakeApp, doorward: FakeDoorward) -> None:
    client = make_app().test_client()
    assert client.get("/who").get_json() == [False, True, None, None, None, [], None, "<nobody>"]
    assert client.get("/who", headers={"token": "abc"}).get_json()[0] is False
    token = doorward.keys[0].token(roles=["editor"])
    seen = client.get("/who", headers={"token": token}).get_json()
    assert seen[:6] == [True, False, 42, "42", "susan", ["editor"]]
    assert seen[7] == "<user 42>"


def test_no_request_sees_the_user_of_another(make_app: MakeApp) -> None:
    app = make_app()
    # A test, or a shell, that keeps one application context over several requests.
    with app.app_context():
        client = app.test_client()
        assert client.get("/who", headers={"token": flask_token(user_id=7)}).get_json()[2] == 7
        assert client.get("/who").get_json()[2] is None
        assert client.get("/who", headers={"token": flask_token(user_id=8)}).get_json()[2] == 8


def test_a_logout_counts_and_doorward_away_is_503(make_app: MakeApp, doorward: FakeDoorward) -> None:
    app = make_app()
    client = app.test_client()
    token = doorward.keys[0].token()
    assert client.get("/my_info", headers={"token": token}).status_code == 200
    with app.test_request_context("/", headers={"token": token}):
        doorward.end_session(current_user.session_id or "")
    until(lambda: client.get("/my_info", headers={"token": token}).status_code == 401)
    assert client.get("/my_info", headers={"token": token}).get_json()["error"] == "token_revoked"
    doorward.stop()
    away = make_app().test_client()
    answer = away.get("/my_info", headers={"token": token})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.get_json() == {
        "code": 503, "message": "Sign-ins can't be checked now. Try again soon.", "data": None, "error": "guard_stale",
    }  # fmt: skip


def test_one_import_is_enough(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, doorward: FakeDoorward, tmp_path: Path) -> None:
    secrets, key = tmp_path / "secrets", tmp_path / "key"
    secrets.write_text(f"{SECRET}\nolder\n")
    key.write_text(f"{SERVICE_KEY}\n")
    monkeypatch.setenv("DOORWARD_URL", doorward.url)
    monkeypatch.setenv("DOORWARD_SERVICE_KEY_FILE", str(key))
    monkeypatch.setenv("DOORWARD_SECRET_KEYS_FILE", str(secrets))
    app = make_app(init=False, DOORWARD_URL=None, DOORWARD_SERVICE_KEY=None, DOORWARD_SECRET_KEYS=None)
    client = app.test_client()
    assert client.get("/my_info", headers={"token": flask_token()}).status_code == 200
    assert client.get("/my_info", headers={"token": flask_token(secret="older")}).status_code == 200
    assert client.get("/my_info").get_json() == MISSING
    assert app.extensions["doorward"].status().stale is False


def test_settings() -> None:
    base = {"DOORWARD_URL": "http://x", "DOORWARD_SERVICE_KEY": "dw_x"}
    assert read({}, {**base, "DOORWARD_SECRET_KEYS": '["a","b"]'})["secret_keys"] == ["a", "b"]
    assert read({}, {**base, "DOORWARD_SECRET_KEYS": "a,b"})["secret_keys"] == ["a,b"]
    assert read({"DOORWARD_SECRET_KEYS": "one"}, base)["secret_keys"] == ["one"]
    told = read({**base, "DOORWARD_MAX_STALENESS": 5}, {"DOORWARD_MAX_STALENESS": "9", "DOORWARD_INTROSPECT": "true"})
    assert (told["max_staleness"], told["introspect"]) == (5.0, True)
    for name, value in (
        ("DOORWARD_HTTP_STATUS", "never"), ("DOORWARD_MAX_STALENESS", "long"), ("DOORWARD_INTROSPECT", "yes"), ("DOORWARD_URL", 5),
        ("DOORWARD_CACHE_CAPACITY", 1.5), ("DOORWARD_SECRET_KEYS", [""]), ("DOORWARD_SECRET_KEYS", [7]), ("DOORWARD_SECRETS", "x"),
        ("DOORWARD_SECRET_KEYS", "[s3cret"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=name) as caught:
            read({**base, name: value}, {})
        assert "s3cret" not in str(caught.value)
    for name in base:
        with pytest.raises(ValueError, match=name):
            read({key: value for key, value in base.items() if key != name}, {})


def test_mistakes_are_told_at_the_start(doorward: FakeDoorward) -> None:
    app = flask.Flask(__name__)
    app.config.update(DOORWARD_URL="nowhere", DOORWARD_SERVICE_KEY=SERVICE_KEY)
    with pytest.raises(ValueError, match="url"):
        DoorwardFlask(app)
    extension = DoorwardFlask()
    with pytest.raises(RuntimeError):
        _ = extension.guard


def test_decorated_views_keep_their_names_and_methods_of_classes_are_guarded(make_app: MakeApp) -> None:
    app = make_app()

    @login_required
    def view() -> str:
        """What it does."""
        return "x"

    assert (view.__name__, view.__doc__) == ("view", "What it does.")

    from flask.views import MethodView

    class Resource(MethodView):
        @login_required
        def get(self, number: int) -> str:
            return str(number)

    app.add_url_rule("/resource/<int:number>", view_func=Resource.as_view("resource"))
    client = app.test_client()
    assert client.get("/resource/5").get_json() == MISSING
    assert client.get("/resource/5", headers={"token": flask_token()}).data == b"5"


@pytest.mark.skipif(version("flask") < "2", reason="views are async from Flask 2.0 on")
def test_async_views(make_app: MakeApp) -> None:
    pytest.importorskip("asgiref")
    app = make_app()

    @app.route("/later")
    @login_required
    async def later() -> str:
        return "later"

    client = app.test_client()
    assert client.get("/later").status_code == 403
    assert client.get("/later", headers={"token": flask_token()}).data == b"later"


def test_a_stranger_learns_nothing_of_the_keys(make_app: MakeApp) -> None:
    client = make_app().test_client()
    bodies = {
        client.get("/my_info", headers={"token": token}).data
        for token in (flask_token(secret="other"), SigningKey(9).token(), SigningKey(1).token(aud="other"))
    }
    assert len(bodies) == 1
    assert session_id(0).encode() not in bodies.pop()
