#!/usr/bin/env python3
"""The life of an account, against the real binary and a real SMTP server.

Each step is one or two requests; a step whose answer is not what it should be ends the run.
"""

import argparse
import email
import email.policy
import json
import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from aiosmtpd.controller import Controller

PASSWORD = "wooden spoon under moonlight"
NEW_PASSWORD = "seven quiet lanterns drifting"
LAST_PASSWORD = "copper kettles hum at dawn"


class Inbox:
    """What the SMTP server was given, in the order of arrival."""

    def __init__(self):
        self.mails = queue.Queue()

    async def handle_DATA(self, server, session, envelope):
        self.mails.put((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 taken"

    def next(self, recipient):
        """The next mail to this address; others are let go."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                recipients, mail = self.mails.get(timeout=1)
            except queue.Empty:
                continue
            if recipient in recipients:
                print(f"     mail to {recipient}: {mail['Subject']}")
                return mail.get_body(("plain",)).get_content()
        sys.exit(f"no mail came for {recipient}")


def token_of(text):
    """The one-time token that ends the link in a mail."""
    return re.search(r"#(dw\w_[\w-]+)", text).group(1)


class Api:
    """Requests to one Doorward, or to what stands before several."""

    def __init__(self, base):
        self.base = base

    def ask(self, method, path, body=None, token=None, expect=200, headers=None):
        request = urllib.request.Request(self.base + path, method=method)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        data = None
        if body is not None:
            request.add_header("Content-Type", "application/json")
            data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout=30) as answer:
                status, text, head = answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            status, text, head = error.code, error.read().decode(), error.headers
        print(f"     {method} {path} → {status}")
        if status not in (expect if isinstance(expect, tuple) else (expect,)):
            sys.exit(f"{method} {path}: {expect} was expected, not {status}: {text}")
        answer = json.loads(text) if text else {}
        if isinstance(answer, dict):
            answer["_etag"] = head.get("ETag")
        return answer

    def log_in(self, username, password, expect=200, device="laptop"):
        body = {"username": username, "password": password}
        return self.ask("POST", "/login", body, expect=expect, headers={"User-Agent": device})


def step(text):
    print(f"── {text}")


def life(api, inbox):
    step("register")
    new = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}
    api.ask("POST", "/register", new, expect=(200, 201, 202))
    api.log_in("ada", PASSWORD, expect=403)

    step("read the mail and confirm")
    api.ask("POST", "/confirm", {"token": token_of(inbox.next("ada@example.com"))})

    step("log in, and fill in the profile")
    laptop = api.log_in("ada", PASSWORD)
    me = api.ask("GET", "/me", token=laptop["token"])
    assert me["data"]["confirmed"] is True, me
    change = {"name": "Ada Lovelace", "location": "London"}
    api.ask("PATCH", "/me", change, token=laptop["token"], headers={"If-Match": me["_etag"]})
    api.ask("PATCH", "/me", {"name": "Too late"}, token=laptop["token"], headers={"If-Match": me["_etag"]}, expect=412)

    step("a second device")
    phone = api.log_in("ada", PASSWORD, device="phone")
    inbox.next("ada@example.com")
    sessions = api.ask("GET", "/me/sessions", token=phone["token"])["data"]
    sessions = sessions if isinstance(sessions, list) else sessions["sessions"]
    assert len(sessions) == 2, sessions

    step("change the address")
    api.ask("POST", "/me/email", {"email": "countess@example.com", "password": PASSWORD}, token=laptop["token"],
            expect=(200, 202))
    api.ask("POST", "/confirm", {"token": token_of(inbox.next("countess@example.com"))})
    assert api.ask("GET", "/me", token=api.log_in("ada", PASSWORD)["token"])["data"]["email"] == "countess@example.com"

    step("undo it from the old address")
    api.ask("POST", "/me/email/undo", {"token": token_of(inbox.next("ada@example.com"))})
    undone = api.log_in("ada", PASSWORD)
    assert api.ask("GET", "/me", token=undone["token"])["data"]["email"] == "ada@example.com"

    step("forget the password, and reset it")
    api.ask("POST", "/password/forgot", {"username": "ada@example.com"}, expect=(200, 202))
    link = token_of(inbox.next("ada@example.com"))
    api.ask("POST", "/password/reset", {"token": link, "new_password": NEW_PASSWORD})
    api.ask("POST", "/password/reset", {"token": link, "new_password": LAST_PASSWORD}, expect=400)

    step("the old tokens are dead")
    for old in (laptop, phone, undone):
        api.ask("GET", "/me", token=old["token"], expect=401)
    api.log_in("ada", PASSWORD, expect=401)

    step("delete the account")
    last = api.log_in("ada", NEW_PASSWORD)
    api.ask("DELETE", "/me", {"password": NEW_PASSWORD}, token=last["token"], expect=(200, 202, 204))
    api.log_in("ada", NEW_PASSWORD, expect=401)
    api.ask("GET", "/me", token=last["token"], expect=401)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_for(base):
    for _ in range(200):
        try:
            urllib.request.urlopen(base + "/readyz", timeout=1)
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"no Doorward at {base}")


def proxy(folder, ports):
    """nginx before the replicas, each request to the next of them."""
    port = free_port()
    servers = "".join(f"server 127.0.0.1:{each};" for each in ports)
    forward = "proxy_pass http://replicas; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;"
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(
            f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
            f"events {{}}\nhttp {{ access_log off; upstream replicas {{ {servers} }}\n"
            f"server {{ listen 127.0.0.1:{port}; location / {{ {forward} }} }} }}\n"
        )
    return port, subprocess.Popen(["nginx", "-c", config, "-p", folder])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--doorward", default=shutil.which("doorward"), help="the binary (default: from PATH)")
    arguments.add_argument("--database", help="sqlite://… or postgres://… (default: a new SQLite file)")
    arguments.add_argument("--replicas", type=int, default=1, help="how many, behind nginx where more than one")
    chosen = arguments.parse_args()
    if not chosen.doorward:
        sys.exit("no doorward: build it with `cargo build --release`, and name it with --doorward")

    folder = tempfile.mkdtemp(prefix="account-life-")
    inbox = Inbox()
    smtp = Controller(inbox, hostname="127.0.0.1", port=free_port())
    smtp.start()
    ports = [free_port() for _ in range(chosen.replicas)]
    processes = []
    try:
        port = ports[0]
        if chosen.replicas > 1:
            port, nginx = proxy(folder, ports)
            processes.append(nginx)
        base = f"http://127.0.0.1:{port}"
        for each in ports:
            settings = {
                "DOORWARD_LISTEN": f"127.0.0.1:{each}",
                "DOORWARD_DATABASE": chosen.database or f"sqlite://{folder}/doorward.db",
                "DOORWARD_PUBLIC_URL": base,
                "DOORWARD_HTTP__TRUSTED_PROXIES": "127.0.0.1/32",
                "DOORWARD_KEYS__SEAL_KEY_FILE": f"{folder}/doorward.key",
                "DOORWARD_REGISTRATION__MODE": "open",
                "DOORWARD_LOGIN__REQUIRE_CONFIRMED": "true",
                "DOORWARD_MAIL__SMTP_URL": f"smtp://127.0.0.1:{smtp.port}",
                "DOORWARD_MAIL__FROM": "accounts@example.com",
            }
            log = open(os.path.join(folder, f"{each}.log"), "w", encoding="utf-8")
            processes.append(
                subprocess.Popen([chosen.doorward, "serve"], cwd=folder, env={**os.environ, **settings}, stdout=log, stderr=log)
            )
            wait_for(f"http://127.0.0.1:{each}")
        wait_for(base)
        life(Api(base), inbox)
        print("── the account lived and died as it should")
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
        smtp.stop()


if __name__ == "__main__":
    main()
