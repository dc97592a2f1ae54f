"""Clients that sign in, call and sign out all the time, and count every answer that is not what it should be."""
import collections
import http.client
import json
import threading
import time

from application_database import PASSWORD

THINK = 0.05
#: The application's tokens of one second are the same text: who signs out and in again within it gets the one that was signed out.
A_SECOND = 1.0


class Tally:
    """What happened, by the step of the film."""

    def __init__(self):
        self.lock = threading.Lock()
        self.step = "before"
        self.times = collections.defaultdict(list)
        self.served = collections.defaultdict(collections.Counter)
        self.failures = []

    def count(self, what, seconds, served_by, failure):
        with self.lock:
            self.times[self.step].append(seconds * 1000)
            self.served[self.step][f"{what} {served_by}"] += 1
            if failure:
                self.failures.append(f"{self.step}: {what} by {served_by}: {failure}")


class Client(threading.Thread):
    """One browser or app: an address of its own, a user of its own."""

    def __init__(self, number, port, tally, stop):
        super().__init__(daemon=True)
        self.number, self.port, self.tally, self.stop = number, port, tally, stop
        self.logins = 0
        self.cookies = {}

    def ask(self, method, path, token=None, body=None, cookies=False):
        """The code of the envelope and the body; a failure is counted."""
        begun, served_by, failure, sent = time.monotonic(), "nobody", None, {}
        headers = {"User-Agent": f"film/{self.number}", "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token:
            headers["token"] = token
        if cookies and self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            # Each from an address of its own, as a network of clients would be.
            source = (f"127.0.{1 + self.number // 200}.{1 + self.number % 200}", 0)
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=source)
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            served_by = answer.getheader("X-Served-By", "nginx")
            if cookies:
                for cookie in answer.headers.get_all("Set-Cookie") or []:
                    name, _, value = cookie.split(";")[0].partition("=")
                    self.cookies[name] = value
            connection.close()
            sent = json.loads(text)
            if answer.status != 200 or sent.get("code", 200) != 200:
                failure = f"{answer.status} {text[:200]!r}"
        except (OSError, http.client.HTTPException, ValueError) as error:
            failure = f"{type(error).__name__}: {error}"
        self.tally.count(f"{method} {path}", time.monotonic() - begun, served_by, failure)
        return sent

    def log_in(self):
        self.logins += 1
        answer = self.ask("POST", "/login", body={"username": f"user{self.number}", "password": PASSWORD}, cookies=True)
        return answer.get("token")

    def pause(self):
        self.stop.wait(THINK)


class ComesAndGoes(Client):
    """Signs in, calls, signs out, and again."""

    def run(self):
        while not self.stop.is_set():
            self.cookies = {}
            token = self.log_in()
            for _ in range(4):
                self.ask("GET", "/my_info", token)
                self.pause()
            self.ask("GET", "/logout", token)
            self.stop.wait(A_SECOND)


class Stays(Client):
    """Signs in once, before anything happens, and never again: only its token speaks for it."""

    def run(self):
        token = self.log_in()
        while not self.stop.is_set():
            self.ask("GET", "/my_info", token)
            self.pause()


class Browses(Client):
    """Signs in once, and has the application's session cookie; looks at its account wherever there is one."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.account = threading.Event()

    def run(self):
        token = self.log_in()
        while not self.stop.is_set():
            if self.account.is_set():
                self.ask("GET", "/me", cookies=True)
            else:
                self.ask("GET", "/my_info", token)
            self.pause()
