"""What every test of a source does: import into a new database, serve, and sign in with the known passwords."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path


class Doorward:
    """The real binary on a database of its own."""

    def __init__(self, folder: Path, binary: str, **environment: str):
        self.folder = folder
        self.binary = binary
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")},
            "DOORWARD_DATABASE": f"sqlite://{folder / 'doorward.db'}",
            "DOORWARD_LISTEN": f"unix:{folder / 'socket'}",
            "DOORWARD_ADMIN_PASSWORD": "correct horse battery staple",
            "DOORWARD_LOG__FORMAT": "json",
            "DOORWARD_LOGIN__FAILURE_TIME_MS": "0",
            "DOORWARD_THROTTLE__ENABLED": "false",
            **environment,
        }

    def run(self, *words: str, ends_with: int = 0) -> dict:
        ran = subprocess.run(
            [self.binary, *words, "--json"], env=self.environment, cwd=self.folder, capture_output=True, text=True
        )
        assert ran.returncode == ends_with, f"{words}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return json.loads(ran.stdout) if ran.stdout else {}

    @contextmanager
    def serving(self):
        log = (self.folder / "log").open("w")
        environment = {**self.environment, "DOORWARD_LISTEN": "127.0.0.1:0"}
        server = subprocess.Popen([self.binary, "serve"], env=environment, cwd=self.folder, stdout=log, stderr=log)
        try:
            yield f"http://{self._address()}"
        finally:
            server.terminate()
            assert server.wait(20) == 0, (self.folder / "log").read_text()

    def _address(self) -> str:
        for _ in range(400):
            for line in (self.folder / "log").read_text().splitlines():
                _, listening, address = json.loads(line).get("message", "").partition("Listening on http://")
                if listening:
                    return address
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())


def log_in(base: str, username: str, password: str) -> str:
    """`ok`, or the error's name."""
    body = json.dumps({"username": username, "password": password}).encode()
    request = urllib.request.Request(f"{base}/login", body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return "ok" if json.load(answer)["token"] else "no token"
    except urllib.error.HTTPError as error:
        return json.load(error)["error"]


def sources(server: str | None, name: str):
    """A new database for each engine: its name for the test, its URL for Doorward."""
    with tempfile.TemporaryDirectory() as folder:
        yield "sqlite", f"sqlite://{folder}/app.db"
    if server:
        import psycopg

        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"CREATE DATABASE {name}")
        yield "postgres", f"{server.rsplit('/', 1)[0]}/{name}"
