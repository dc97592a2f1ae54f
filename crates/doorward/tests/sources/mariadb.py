"""The users of a MariaDB, which stands for MySQL too: `python mariadb.py DOORWARD`."""

import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from moving_in import Doorward, log_in

PASSWORD = "wooden spoon under moonlight"

TABLES = """
CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;
CREATE USER reader@localhost IDENTIFIED BY 'se/cr@et'; GRANT SELECT ON shop.* TO reader@localhost;
CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, account_id INT, remark TEXT);
INSERT INTO orders (account_id, remark) VALUES (1, 'x');
CREATE VIEW names AS SELECT id FROM orders;
CREATE TABLE accounts (
    id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT, login VARCHAR(80) UNIQUE, mail VARCHAR(255), passwd VARCHAR(255),
    active BIT(1) NOT NULL DEFAULT 1, created_at TIMESTAMP NULL, last_login DATETIME NULL, picture BLOB
);
SET time_zone = '+02:00';
INSERT INTO accounts (login, mail, passwd, active, created_at, last_login, picture) VALUES
    ('ann', 'ann@example.org', '{hash}', 1, '2020-03-15 13:30:00', NULL, X'FF00'),
    ('小明', NULL, '{hash}', 1, NULL, '2020-03-15 11:30:00', NULL),
    ('fay', 'fay@example.org', '{hash}', 0, NULL, NULL, NULL),
    (NULL, NULL, '{hash}', 1, NULL, NULL, NULL);
INSERT INTO accounts (login, passwd) SELECT CONCAT('user', seq), '' FROM seq_1_to_2500;
"""


def command(program, folder, *words):
    # The server refuses root.
    if os.getuid() == 0:
        owner = pwd.getpwnam("nobody")
        shutil.chown(folder, owner.pw_uid, owner.pw_gid)
        return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups", program, *words]
    return [program, *words]


def sql(socket_path, text):
    client = ["mariadb", "--no-defaults", f"--socket={socket_path}", "--user=root", "--default-character-set=utf8mb4"]
    subprocess.run(client, input=text, text=True, check=True)


def check(doorward, url, socket_path):
    words = ["import", "sql", "--from", url]
    found = doorward.run(*words, "--dry-run", ends_with=7)
    assert (found["created"], found["rejected"]) == (2503, 1), found
    imported = doorward.run(*words, ends_with=7)
    assert (imported["created"], imported["reasons"]) == (2503, {"no_name_at_all": 1}), imported
    sql(socket_path, "INSERT INTO shop.accounts (login, passwd) VALUES ('late', '')")
    again = doorward.run(*words, ends_with=7)
    assert again["created"] == 2504, again
    ann = doorward.run("user", "show", "ann")
    assert (ann["id"], ann["member_since"]) == (1, "2020-03-15T11:30:00Z"), ann
    with doorward.serving() as base:
        for name in ["ann", "小明"]:
            assert log_in(base, name, PASSWORD) == "ok", name
        assert log_in(base, "fay", PASSWORD) == "account_disabled"
        assert log_in(base, "user2500", "") != "ok"


def main():
    binary = sys.argv[1]
    server = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin:/usr/libexec")
    if server is None:
        print("   MariaDB NOT TESTED: apt-get install mariadb-server")
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        install = command("mariadb-install-db", data, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal")
        os.chmod(folder, 0o755)
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        socket_path = data / "socket"
        words = ["--no-defaults", f"--datadir={data}", f"--socket={socket_path}", f"--port={port}", "--bind-address=127.0.0.1"]
        log = open(Path(folder) / "log", "w", encoding="utf-8")
        process = subprocess.Popen(command(server, data, *words), stdout=log, stderr=log)
        try:
            for _ in range(600):
                if socket_path.exists():
                    break
                assert process.poll() is None, (Path(folder) / "log").read_text()
                time.sleep(0.05)
            salt = "Xq3vR9sT"
            digest = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt.encode(), 1000).hex()
            sql(socket_path, TABLES.format(hash=f"pbkdf2:sha256:1000${salt}${digest}"))
            with tempfile.TemporaryDirectory() as own:
                url = f"mysql://reader:se%2Fcr%40et@127.0.0.1:{port}/shop"
                check(Doorward(Path(own), binary), url, socket_path)
            print("   MariaDB: imported, and signed in")
        finally:
            process.terminate()
            process.wait(30)


main()
