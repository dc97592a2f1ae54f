"""One thread in each process: over a fork, gunicorn's workers, reloads, and gevent."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from doorward.guard import Denied, Guard
from fake_doorward import SERVICE_KEY, FakeDoorward
from signing import SECRET, flask_token
from waiting import until

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def in_a_child(work: Callable[[], Any]) -> Any:
    """What ``work`` gives in a forked process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = json.dumps(work())
        except BaseException as error:
            said = json.dumps(repr(error))
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        said = file.read()
    os.waitpid(child, 0)
    return json.loads(said)


def verdict(guard: Guard, token: str) -> str:
    try:
        guard.verify(token)
    except Denied as denied:
        return denied.error
    return "good"


def threads() -> int:
    return sum(thread.name == "doorward-guard" for thread in threading.enumerate())


@needs_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_after_the_start(doorward: FakeDoorward) -> None:
    # Those of the tests before.
    until(lambda: threads() == 0)
    guard = Guard(doorward.url, SERVICE_KEY, secret_keys=[SECRET])
    token, other = doorward.keys[0].token(number=1), doorward.keys[0].token(number=2)
    mine = guard.verify(token).session_id or ""
    assert threads() == 1

    def follow() -> Any:
        before = threads()
        first = verdict(guard, token)
        until(lambda: guard.status().sequence == 1)
        return [before, first, threads(), verdict(guard, token), verdict(guard, other)]

    asked = doorward.requests["/revocations"]

    def publish_when_the_child_follows() -> None:
        until(lambda: any(question == "/revocations" for question in doorward.questions[asked + 1 :]))
        doorward.end_session(mine)

    publisher = threading.Thread(target=publish_when_the_child_follows)
    publisher.start()
    assert in_a_child(follow) == [0, "good", 1, "token_revoked", "good"]
    publisher.join()
    until(lambda: verdict(guard, token) == "token_revoked")
    assert verdict(guard, other) == "good"
    # And the child of a child.
    assert in_a_child(lambda: [in_a_child(lambda: verdict(guard, token)), verdict(guard, other)]) == ["token_revoked", "good"]
    guard.close()


@needs_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forks_while_it_follows_and_is_asked(doorward: FakeDoorward) -> None:
    """A fork at any moment leaves no lock behind that nobody will open."""
    guard = Guard(doorward.url, SERVICE_KEY, secret_keys=[SECRET])
    tokens = [flask_token(user_id=n + 1) for n in range(50)]
    busy = threading.Event()

    def ask() -> None:
        while not busy.is_set():
            for token in tokens:
                guard.verify(token)

    def publish() -> None:
        while not busy.is_set():
            doorward.publish(kind="user", user_id=10_000, valid_after_ms=0)
            time.sleep(0.001)

    working = [threading.Thread(target=work, daemon=True) for work in (ask, ask, publish)]
    for thread in working:
        thread.start()
    try:
        for _ in range(20):
            assert in_a_child(lambda: [verdict(guard, token) for token in tokens[:3]]) == ["good"] * 3
    finally:
        busy.set()
        for thread in working:
            thread.join()
        guard.close()


def test_many_threads_at_once_begin_one_follower(doorward: FakeDoorward) -> None:
    guard = Guard(doorward.url, SERVICE_KEY, secret_keys=[SECRET])
    together = threading.Barrier(16)
    verdicts: list[str] = []

    def ask() -> None:
        together.wait()
        verdicts.append(verdict(guard, flask_token()))

    asking = [threading.Thread(target=ask) for _ in range(16)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert verdicts == ["good"] * 16
    assert doorward.questions.count("/revocations") == 1
    guard.close()


class Gunicorn:
    def __init__(self, doorward: FakeDoorward, folder: Path, *options: str, **environment: str) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{taken.getsockname()[1]}"
        self.log = (folder / "gunicorn.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", self.address, "--worker-tmp-dir", str(folder),
             "--graceful-timeout", "3", *options, "guarded_application:app"],
            cwd=Path(__file__).parent, stdout=self.log, stderr=self.log,
            env={
                **os.environ, "DOORWARD_URL": doorward.url, "DOORWARD_SERVICE_KEY": SERVICE_KEY, "DOORWARD_SECRET_KEYS": SECRET,
                "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(folder), **environment,
            },
        )  # fmt: skip

    def ask(self, token: str) -> tuple[int, Any]:
        request = urllib.request.Request(f"http://{self.address}/my_info", headers={"token": token})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, None

    def workers(self, token: str, than: Optional[set[int]] = None) -> set[int]:
        """The processes of two workers that let the token in."""
        found: set[int] = set()

        def both() -> bool:
            assert self.process.poll() is None, self.printed()
            status, body = self.ask(token)
            if status == 200:
                found.add(body["pid"])
            return len(found - (than or set())) == 2

        until(both, 60)
        return found - (than or set())

    def printed(self) -> str:
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture
def serve(doorward: FakeDoorward, tmp_path: Path) -> Iterator[Callable[..., Gunicorn]]:
    started: list[Gunicorn] = []

    def start(*options: str, **environment: str) -> Gunicorn:
        gunicorn = Gunicorn(doorward, tmp_path, *options, **environment)
        started.append(gunicorn)
        return gunicorn

    yield start
    for gunicorn in started:
        gunicorn.stop()


WAYS: dict[str, tuple[list[str], dict[str, str]]] = {
    "workers": ([], {}),
    "preload": (["--preload"], {}),
    "preload, used before": (["--preload"], {"USED_BEFORE_FORK": "1"}),
    "threads": (["--threads", "4"], {}),
    "gevent": (["--worker-class", "gevent"], {}),
    "gevent, preload": (["--worker-class", "gevent", "--preload"], {}),
}


@needs_fork
@pytest.mark.parametrize("way", WAYS)
def test_gunicorn(doorward: FakeDoorward, serve: Callable[..., Gunicorn], way: str) -> None:
    pytest.importorskip("gunicorn")
    options, environment = WAYS[way]
    if "gevent" in options:
        pytest.importorskip("gevent")
    gunicorn = serve(*options, **environment)
    key = doorward.keys[0]
    kept = key.token(number=1)
    workers = gunicorn.workers(kept)
    for number in (2, 3):
        token = key.token(number=number)
        assert gunicorn.ask(token)[0] == 200
        assert gunicorn.workers(token) == workers
        doorward.end_session(json_claims(token)["sid"])
        until(lambda token=token: all(gunicorn.ask(token)[0] == 401 for _ in range(6)))  # type: ignore[misc]
        assert gunicorn.ask(token)[1]["error"] == "token_revoked"
    assert gunicorn.workers(kept) == workers
    if way == "workers":
        # A reload: other workers, and what was ended stays so.
        gunicorn.process.send_signal(signal.SIGHUP)
        gunicorn.workers(kept, than=workers)
        assert gunicorn.ask(token)[1]["error"] == "token_revoked"


def json_claims(token: str) -> Any:
    import base64

    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
