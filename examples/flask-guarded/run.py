#!/usr/bin/env python3
"""The application guarded by Doorward, both real, behind nginx: checked for the wire, and for how fast a logout counts.

    python run.py --doorward ../../target/release/doorward

Run it with the Python in which requirements.txt and doorward-flask are installed; nginx must be there.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
PASSWORD = "wooden spoon under moonlight"
SECRET = "the application's SECRET_KEY"
WORKERS = 2

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
    server {{
        listen 127.0.0.1:{port};
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $remote_addr;
        location /my_info {{ proxy_pass http://127.0.0.1:{application}; }}
        location /my_row {{ proxy_pass http://127.0.0.1:{application}; }}
        location /reports {{ proxy_pass http://127.0.0.1:{application}; }}
        location / {{ proxy_pass http://127.0.0.1:{doorward}; }}
    }}
}}
"""


class Running:
    """Programs that end with this one."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []

    def start(self, name, command, **environment):
        log = open(self.folder / f"{name}.log", "w", encoding="utf-8")
        environment = {**os.environ, **environment}
        process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        self.processes.append((name, process))
        return process

    def stop(self):
        for _, process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for name, process in reversed(self.processes):
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                print(f"{name} did not end")
                process.kill()

    def wait_for(self, url):
        for _ in range(400):
            for name, process in self.processes:
                if process.poll() is not None:
                    sys.exit(f"{name} ended:\n{(self.folder / f'{name}.log').read_text()}")
            try:
                urllib.request.urlopen(url, timeout=2)
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"no answer from {url}")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def ask(port, method, path, token=None, body=None):
    """Status, worker and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token:
        headers["token"] = token
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.getheader("X-Worker"), json.loads(text) if text else None


def until_all(port, token, wanted):
    """Asks until as many workers as there are have answered so; a worker that did must not answer otherwise again."""
    seen = {}
    end = time.monotonic() + 30
    while len(seen) < WORKERS:
        if time.monotonic() > end:
            sys.exit(f"not every worker answered with {wanted}: {seen}")
        _, worker, body = ask(port, "GET", "/my_info", token)
        if body["code"] == wanted:
            seen.setdefault(worker, time.monotonic())
        elif worker in seen:
            sys.exit(f"worker {worker} answered with {body} after {wanted}")
    return max(seen.values())


def logouts(port, count):
    """How long after a logout was sent the last worker refused its token, in ms."""
    times = []
    for number in range(count):
        _, _, body = ask(port, "POST", "/login", body={"username": "susan", "password": PASSWORD})
        if body["code"] != 200:
            sys.exit(f"login {number}: {body}")
        token = body["token"]
        until_all(port, token, 200)
        begun = time.monotonic()
        _, _, body = ask(port, "GET", "/logout", token)
        if body != {"message": "You have been logged out."}:
            sys.exit(f"logout {number}: {body}")
        times.append((until_all(port, token, 401) - begun) * 1000)
    return times


def run(doorward, token_format, http_status, count):
    folder = Path(tempfile.mkdtemp(prefix="flask-guarded-"))
    running = Running(folder)
    ports = {"port": free_port(), "application": free_port(), "doorward": free_port()}
    database = folder / "app.db"
    application = {
        "DATABASE_URL": f"sqlite:///{database}",
        "SUSANS_PASSWORD": PASSWORD,
        "PYTHONWARNINGS": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(HERE),
        "DOORWARD_URL": f"http://127.0.0.1:{ports['doorward']}",
        "DOORWARD_SERVICE_KEY": "dw_not_yet",
        "DOORWARD_SECRET_KEYS": SECRET,
        "DOORWARD_HTTP_STATUS": http_status,
        # Tokens of the application's format carry no roles.
        "DOORWARD_INTROSPECT": "true",
        "HOME": str(folder),
    }
    try:
        print(f"── {folder}: tokens of the format {token_format}, http_status {http_status}")
        create = [sys.executable, str(HERE / "application.py"), "create-tables"]
        subprocess.run(create, check=True, cwd=folder, env={**os.environ, **application})
        (folder / "doorward.toml").write_text(
            f'database = "sqlite://{database}"\nlisten = "127.0.0.1:{ports["doorward"]}"\nhttp_status = "{http_status}"\n'
            f'[token]\nformat = "{token_format}"\nsecret_keys = ["{SECRET}"]\n'
            # All come from one address here, and sign in as often as can be.
            "[throttle]\nenabled = false\n"
            '[http]\ntrusted_proxies = ["127.0.0.1/32"]\n'
        )
        subprocess.run([doorward, "migrate", "up"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
        create = [doorward, "service", "create", "shop", "--scope", "revocations", "--scope", "introspect"]
        said = subprocess.run(create, check=True, cwd=folder, capture_output=True, text=True).stdout
        application["DOORWARD_SERVICE_KEY"] = re.search(r"dw_\w+", said).group()
        subprocess.run([doorward, "user", "grant", "susan", "admin"], check=True, cwd=folder, stdout=subprocess.DEVNULL)

        running.start("doorward", [doorward, "serve"])
        running.wait_for(f"{application['DOORWARD_URL']}/readyz")
        gunicorn = [sys.executable, "-m", "gunicorn", "--workers", str(WORKERS), "--worker-tmp-dir", str(folder)]
        running.start("gunicorn", [*gunicorn, "--bind", f"127.0.0.1:{ports['application']}", "application:app"], **application)
        running.wait_for(f"http://127.0.0.1:{ports['application']}/my_info")
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, **ports))
        running.start("nginx", ["nginx", "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf", "-p", str(folder)])
        base = f"http://127.0.0.1:{ports['port']}"
        running.wait_for(f"{base}/my_info")

        check = [sys.executable, str(HERE / "wire_check.py"), base, "--username", "susan", "--password", PASSWORD]
        check += ["--status-mode", "seed" if http_status == "always-200" else "honest", "--guarded", "/my_info"]
        if token_format == "flask":
            check += ["--secret", SECRET]
        checked = subprocess.run(check, check=False)

        _, _, body = ask(ports["port"], "POST", "/login", body={"username": "susan", "password": PASSWORD})
        _, _, row = ask(ports["port"], "GET", "/my_row", body["token"])
        _, _, report = ask(ports["port"], "GET", "/reports", body["token"])
        print(f"   /my_row {row['data']}, /reports {report['data'] or report['message']}")

        times = logouts(ports["port"], count)
        p99 = statistics.quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0]
        print(
            f"   {count} logouts: refused by all {WORKERS} workers after {statistics.median(times):.0f} ms (median), "
            f"{p99:.0f} ms (p99), {max(times):.0f} ms (longest)"
        )
        if checked.returncode or p99 > 1000:
            sys.exit("it is not as it should be")
    finally:
        running.stop()
    shutil.rmtree(folder)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--doorward", default=shutil.which("doorward"), help="the binary (default: from PATH)")
    arguments.add_argument("--format", choices=["jwt", "flask"], help="the format of tokens (default: one after the other)")
    arguments.add_argument("--logouts", type=int, default=200, help="how many are timed (default: 200)")
    chosen = arguments.parse_args()
    if not chosen.doorward:
        sys.exit("no doorward: build it with `cargo build --release`, and name it with --doorward")
    doorward = str(Path(chosen.doorward).resolve())
    for token_format, http_status in (("flask", "always-200"), ("jwt", "honest")):
        if chosen.format in (None, token_format):
            run(doorward, token_format, http_status, chosen.logouts)
    print("── guarded as it should be")


if __name__ == "__main__":
    main()
