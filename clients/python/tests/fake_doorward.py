"""A Doorward that answers as it is told to: the doors that guards use, and every way to answer badly."""

import base64
import json
import ssl
import struct
import threading
import time
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Optional

from signing import SigningKey

SERVICE_KEY = "dw_test_key_of_a_service"

Answering = Callable[["Handler"], None]


class FakeDoorward:
    """Runs in threads of the test's process, on a port of its own that it keeps over a restart."""

    def __init__(self, tls: Optional[ssl.SSLContext] = None) -> None:
        self._tls = tls
        self.changed = threading.Condition()
        self.sequence = 0
        #: What an answer may still hold of the past; a snapshot is answered to whoever asks for more.
        self.events: list[dict[str, Any]] = []
        self.revoked: list[dict[str, Any]] = []
        self.keys = [SigningKey(1)]
        self.age_ms = 0
        self.requests: Counter[str] = Counter()
        self.questions: list[str] = []
        self.introspected: dict[str, dict[str, Any]] = {}
        #: How a path answers instead, if it is to answer badly.
        self.instead: dict[str, Answering] = {}
        self.port = 0
        self._server: Optional[ThreadingHTTPServer] = None
        self.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        server = _Server(("127.0.0.1", self.port), Handler)
        server.doorward = self
        server.daemon_threads = True
        self.port = server.server_address[1]
        if self._tls:
            server.socket = self._tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self._server = server
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        with self.changed:
            self.changed.notify_all()

    @property
    def running(self) -> bool:
        return self._server is not None

    def publish(self, **event: Any) -> int:
        with self.changed:
            self.sequence += 1
            event["sequence"] = self.sequence
            event.setdefault("until", int(time.time()) + 3600)
            self.events.append(event)
            self.revoked.append(event)
            self.changed.notify_all()
            return self.sequence

    def end_session(self, session_id: str) -> int:
        return self.publish(kind="session", session_id=session_id)

    def answer_feed(self, after: Optional[int], wait: float) -> dict[str, Any]:
        end = time.monotonic() + wait
        with self.changed:
            while after is not None and after == self.sequence and self.running and time.monotonic() < end:
                self.changed.wait(end - time.monotonic())
            first = self.events[0]["sequence"] if self.events else self.sequence + 1
            if after is None or after > self.sequence or after < first - 1:
                return {"sequence": self.sequence, "age_ms": self.age_ms, "events": [], "snapshot": self.snapshot()}
            news = [event for event in self.events if event["sequence"] > after][:1000]
            last = news[-1]["sequence"] if news else self.sequence
            return {"sequence": last, "age_ms": self.age_ms, "events": news}

    def snapshot(self) -> dict[str, Any]:
        def packed(kind: str, name: str, form: str) -> str:
            entries = [e for e in self.revoked if e["kind"] == kind]
            return base64.b64encode(b"".join(struct.pack(form, bytes.fromhex(e[name]), e["until"]) for e in entries)).decode()

        def plain(kind: str, *names: str) -> list[dict[str, Any]]:
            return [{name: event[name] for name in names} for event in self.revoked if event["kind"] == kind]

        return {
            "sessions": packed("session", "session_id", ">16sI"),
            "tokens": packed("token", "sha256", ">32sI"),
            "users": plain("user", "user_id", "valid_after_ms", "until"),
            "roles": plain("roles", "user_id", "roles", "at_ms", "until"),
        }


class _Server(ThreadingHTTPServer):
    doorward: FakeDoorward
    # Requests of clients that went away are no concern.
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        doorward = self.server.doorward
        parts = urllib.parse.urlsplit(self.path)
        doorward.requests[parts.path] += 1
        doorward.questions.append(self.path)
        if not doorward.running:
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length", "0"))
        form = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode()))
        if parts.path in doorward.instead:
            doorward.instead[parts.path](self)
        elif parts.path == "/.well-known/jwks.json":
            self.say({"keys": [key.jwk() for key in doorward.keys]})
        elif self.headers.get("Authorization") != f"Bearer {SERVICE_KEY}":
            self.say({"code": 401, "message": "no", "data": None, "error": "token_invalid"}, 401)
        elif parts.path == "/revocations":
            question = dict(urllib.parse.parse_qsl(parts.query))
            after = int(question["after"]) if "after" in question else None
            answer = doorward.answer_feed(after, float(question.get("wait", "0")))
            if not doorward.running:
                self.close_connection = True
                return
            self.say(answer)
        elif parts.path == "/introspect" and method == "POST":
            self.say(doorward.introspected.get(form.get("token", ""), {"active": False}))
        else:
            self.say({"code": 404, "message": "no", "data": None, "error": "not_found"}, 404)

    def say(self, answer: Any, status: int = 200, **headers: str) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
