#!/usr/bin/env python3
"""A Flask application's users move to Doorward while 20 clients use it, and all the way back.

    python run.py --doorward ../../target/release/doorward --database sqlite --users 2000

Run it with the Python in which bench/flask/requirements.txt is installed; nginx must be there.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from sqlalchemy import create_engine

import application_database
from application_database import FLASK, PASSWORD
from clients import Browses, ComesAndGoes, Stays, Tally

HERE = Path(__file__).resolve().parent
SECRET = "the application's SECRET_KEY"

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $upstream_addr $served_by {{
        default nobody;
        127.0.0.1:{application} application;
        127.0.0.1:{doorward} doorward;
        127.0.0.1:{views} views;
    }}
    split_clients $request_id $sign_in {{
        {share}% 127.0.0.1:{doorward};
        * 127.0.0.1:{application};
    }}
    server {{
        listen 127.0.0.1:{port};
        add_header X-Served-By $served_by always;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_read_timeout 60s;
        location = /login {{ proxy_pass http://$sign_in; }}
        location = /logout {{ proxy_pass http://$sign_in; }}
        location = /me {{ proxy_pass http://127.0.0.1:{doorward}; }}
        location = /my_info {{ {my_info} }}
        location = /_doorward {{
            internal;
            proxy_pass http://127.0.0.1:{doorward}/forward-auth;
            proxy_pass_request_body off;
            proxy_set_header Host $http_host;
            proxy_set_header Content-Length "";
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""
BY_THE_APPLICATION = "proxy_pass http://127.0.0.1:{application};"
BY_THE_VIEWS = """
            auth_request /_doorward;
            auth_request_set $doorward_user $upstream_http_x_doorward_user;
            proxy_set_header X-Doorward-User $doorward_user;
            proxy_pass http://127.0.0.1:{views};
        """


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Film:
    """The programs, and what is before the camera."""

    def __init__(self, options):
        self.options = options
        self.folder = Path(tempfile.mkdtemp(prefix="move-in-"))
        self.ports = {name: free_port() for name in ["port", "application", "doorward", "views"]}
        self.processes = {}
        self.tally = Tally()
        if options.database == "sqlite":
            self.theirs = f"sqlite:///{self.folder}/app.db"
            self.ours = f"sqlite://{self.folder}/app.db"
        else:
            name = f"move_in_{os.getpid()}"
            engine = create_engine(options.database.replace("postgres://", "postgresql://"), isolation_level="AUTOCOMMIT")
            engine.execute(f"CREATE DATABASE {name}")
            engine.dispose()
            server = options.database.rsplit("/", 1)[0]
            self.ours = f"{server}/{name}"
            self.theirs = self.ours.replace("postgres://", "postgresql://")
        self.environment = {
            "DATABASE_URL": self.theirs,
            "SECRET_KEY": SECRET,
            "TOKEN_EXPIRATION": "86400",
            "PYTHONWARNINGS": "ignore",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{FLASK}:{HERE}",
            "HOME": str(self.folder),
        }

    def say(self, text):
        print(f"     {text}", flush=True)

    def start(self, name, command, path, **environment):
        log = open(self.folder / f"{name}.log", "a", encoding="utf-8")
        environment = {**os.environ, **environment}
        process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        self.processes[name] = process
        for _ in range(2000):
            if process.poll() is not None:
                sys.exit(f"{name} ended:\n{(self.folder / f'{name}.log').read_text()}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=30)
                return
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        sys.exit(f"no answer from {name}")

    def end(self, name):
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        process.wait(60)

    def gunicorn(self, name, module):
        command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--worker-tmp-dir", str(self.folder)]
        # Many threads would be another application; its two workers do one request each at a time.
        command += ["--bind", f"127.0.0.1:{self.ports[name]}", "--graceful-timeout", "60", module]
        self.start(name, command, "/my_info", **self.environment)

    def doorward(self, *words):
        command = [str(self.options.doorward), *words]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"doorward {' '.join(words)}: {done.stderr}")
        return done.stdout

    def traffic(self, share, my_info=BY_THE_APPLICATION):
        """So many percent of the sign-ins to Doorward, the rest to the application."""
        text = NGINX.format(folder=self.folder, share=share, my_info=my_info.format(**self.ports), **self.ports)
        if not share:
            text = text.replace(f"0% 127.0.0.1:{self.ports['doorward']};", "")
        if share == 100:
            text = text.replace(f"100% 127.0.0.1:{self.ports['doorward']};\n        * 127.0.0.1:{self.ports['application']};",
                                f"* 127.0.0.1:{self.ports['doorward']};")
        (self.folder / "nginx.conf").write_text(text)
        if "port" in self.processes:
            self.processes["port"].send_signal(signal.SIGHUP)
            time.sleep(0.5)
        else:
            config = ["-e", f"{self.folder}/nginx.log", "-c", f"{self.folder}/nginx.conf", "-p", str(self.folder)]
            self.start("port", ["nginx", *config], "/my_info")

    def step(self, name, text):
        with self.tally.lock:
            self.tally.step = name
        print(f"── {name}: {text}", flush=True)

    def ask(self, where, path, body=None, token=None):
        """One request past nginx."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[where]}{path}")
        request.add_header("Content-Type", "application/json")
        request.add_header("X-Forwarded-For", "127.0.9.9")
        if token:
            request.add_header("token", token)
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(request, data, timeout=60) as answer:
            return json.loads(answer.read())

    def roll(self):
        """The whole film."""
        options = self.options
        application_database.fill(self.theirs, self.environment, options.users)
        shape = application_database.shape(self.theirs)
        kinds = [ComesAndGoes] * max(options.clients - 6, 1) + [Stays] * 4 + [Browses] * 2
        clients_ids = set(range(1, len(kinds) + 1)) | {options.users + 1}
        rows = application_database.rows(self.theirs, clients_ids)
        (self.folder / "doorward.toml").write_text(
            f'database = "{self.ours}"\nlisten = "127.0.0.1:{self.ports["doorward"]}"\nhttp_status = "always-200"\n'
            f'[token]\nformat = "flask"\nsecret_keys = ["{SECRET}"]\n'
            f"[password]\nwerkzeug_rounds = {options.rounds}\n"
            '[flask_session]\naccept = true\nprotection = "strong"\n'
            '[http]\ntrusted_proxies = ["127.0.0.1/32"]\n'
            '[[forward_auth.rules]]\nhost = "127.0.0.1"\npath = "/my_info"\nrequire = "signed-in"\n'
        )
        seconds = options.seconds
        stop = threading.Event()

        self.step("before", "the application alone, with two workers")
        self.gunicorn("application", "application:app")
        self.traffic(0)
        clients = [kind(number, self.ports["port"], self.tally, stop) for number, kind in enumerate(kinds, 1)]
        for client in clients:
            client.start()
        time.sleep(seconds)

        self.step("adopt", "doorward adopt; doorward adopt --apply; doorward serve")
        for line in self.doorward("adopt").splitlines():
            self.say(line)
        begun = time.monotonic()
        self.doorward("adopt", "--apply")
        self.say(f"adopt --apply took {time.monotonic() - begun:.2f} s")
        begun = time.monotonic()
        self.start("doorward", [str(options.doorward), "serve"], "/readyz")
        self.say(f"doorward serve was ready after {time.monotonic() - begun:.2f} s")

        for share in (10, 50, 100):
            self.step(f"{share} %", f"{share} of 100 sign-ins are Doorward's")
            self.traffic(share)
            time.sleep(seconds)
            if share == 50:
                self.both_at_once()

        self.step("alone", "the views behind nginx and Doorward; the application stops")
        self.gunicorn("views", "views:app")
        self.traffic(100, BY_THE_VIEWS)
        for client in clients:
            if isinstance(client, Browses):
                client.account.set()
        time.sleep(1)
        self.end("application")
        time.sleep(seconds)
        self.say(self.doorward("adopt", "status").replace("\n", "\n     "))

        self.step("back 50 %", "the application is there again, and has half of the sign-ins and its view")
        self.gunicorn("application", "application:app")
        for client in clients:
            if isinstance(client, Browses):
                client.account.clear()
        time.sleep(1)
        self.traffic(50)
        time.sleep(seconds)

        self.step("undo", "all to the application; Doorward stops; doorward adopt --undo")
        self.traffic(0)
        time.sleep(1)
        self.end("views")
        self.end("doorward")
        begun = time.monotonic()
        self.say(self.doorward("adopt", "--undo", "--yes").strip())
        self.say(f"adopt --undo took {time.monotonic() - begun:.2f} s")
        time.sleep(seconds)
        stop.set()
        for client in clients:
            client.join(90)
        return self.report(clients, shape, rows, clients_ids)

    def both_at_once(self):
        """What one writes the other sees at once."""
        name = "newcomer"
        body = {"username": name, "email": "new@example.com", "password": PASSWORD}
        self.ask("application", "/register", body)
        first = self.ask("doorward", "/login", {"username": name, "password": PASSWORD})
        if first["code"] != 200:
            sys.exit(f"registered at the application: {first}")
        token = first["token"]
        self.say("registered at the application, signed in at Doorward at once")
        changed = "seven quiet lanterns drifting"
        # Whoever signs in within the second of a change is told to sign in again.
        time.sleep(1.1)
        self.ask("application", "/change_password", {"password": changed}, token)
        again = self.ask("doorward", "/login", {"username": name, "password": changed})
        old = self.ask("doorward", "/login", {"username": name, "password": PASSWORD})
        ended = self.ask("doorward", "/me", token=token)
        if again["code"] != 200 or old["code"] != 401 or ended["code"] != 401:
            sys.exit(f"a password changed at the application: {again}, {old}, {ended}")
        self.say("changed its password at the application: the new one is good at Doorward, the old session is over")

    def report(self, clients, shape, rows, clients_ids):
        tally = self.tally
        print(f"\n{'step':<10} {'answers':>8} {'median ms':>10} {'p99 ms':>8}  by")
        for step, times in tally.times.items():
            p99 = statistics.quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0]
            by = {}
            for what, count in tally.served[step].items():
                served_by = what.rsplit(" ", 1)[1]
                by[served_by] = by.get(served_by, 0) + count
            shown = ", ".join(f"{name} {count}" for name, count in sorted(by.items()))
            print(f"{step:<10} {len(times):>8} {statistics.median(times):>10.1f} {p99:>8.0f}  {shown}")
        stayed = [client.logins for client in clients if not isinstance(client, ComesAndGoes)]
        now = application_database.rows(self.theirs, clients_ids)
        same_shape = application_database.shape(self.theirs) == shape
        print(f"\n{sum(map(len, tally.times.values()))} answers, {len(tally.failures)} failed")
        for failure in tally.failures[:20]:
            print(f"  {failure}")
        print(f"6 clients that signed in once, before anything: {sum(stayed)} sign-ins in all")
        print(f"the schema is what it was: {same_shape}; the rows of the {rows[0]} users who did nothing: {now == rows}")
        return not tally.failures and stayed == [1] * 6 and same_shape and now == rows

    def clean_up(self):
        for name in list(self.processes):
            try:
                self.end(name)
            except subprocess.TimeoutExpired:
                self.processes[name].kill()
        if self.options.database != "sqlite":
            engine = create_engine(
                self.options.database.replace("postgres://", "postgresql://"), isolation_level="AUTOCOMMIT"
            )
            engine.execute(f"DROP DATABASE {self.ours.rsplit('/', 1)[1]} WITH (FORCE)")
            engine.dispose()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--doorward", type=Path, default=shutil.which("doorward"), help="the binary (default: from PATH)")
    arguments.add_argument("--database", default="sqlite", help="sqlite, or the URL of a PostgreSQL that may make databases")
    arguments.add_argument("--users", type=int, default=2000)
    arguments.add_argument("--clients", type=int, default=20, help="6 of them sign in once (default: 20)")
    arguments.add_argument("--rounds", type=int, default=600000, help="of PBKDF2 in hashes that Doorward writes")
    arguments.add_argument("--seconds", type=float, default=10, help="how long each step lasts")
    options = arguments.parse_args()
    options.doorward = options.doorward.resolve()
    film = Film(options)
    try:
        well = film.roll()
    finally:
        film.clean_up()
    if not well:
        sys.exit(f"it is not as it should be; the logs are in {film.folder}")
    shutil.rmtree(film.folder)


if __name__ == "__main__":
    main()
