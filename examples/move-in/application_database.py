"""The application's database: made by the application, filled with users of mixed hashes, and looked at byte for byte."""
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, text
from werkzeug.security import generate_password_hash

FLASK = Path(__file__).resolve().parents[2] / "bench" / "flask"
PASSWORD = "wooden spoon under moonlight"
#: What Werkzeug wrote over the years.
METHODS = ["pbkdf2:sha256:150000", "pbkdf2:sha256:50000", "pbkdf2:sha1:1000", "sha256", "sha1", "md5"]


def fill(url, environment, count):
    """The Flask system's table with `count` users; the first hundred share a password that is known here."""
    create = [sys.executable, str(FLASK / "application.py"), "create-tables"]
    subprocess.run(create, check=True, env={**os.environ, **environment})
    known = [generate_password_hash(PASSWORD, method) for method in METHODS]
    others = [generate_password_hash(f"nobody knows {number}", method) for number in range(5) for method in METHODS]

    def row(number):
        address = f"user{number}@example.com"
        return {
            "id": number,
            "email": address,
            "username": f"user{number}",
            "password_hash": known[number % len(known)] if number <= 100 else others[number % len(others)],
            "confirmed": number % 3 > 0,
            "name": None if number % 5 == 0 else f"User {number}",
            "location": "",
            "about_me": "=1+1" if number % 7 == 0 else None,
            "member_since": f"2019-05-0{1 + number % 9} 10:11:12.{number % 1000000:06d}",
            "last_seen": f"2020-03-0{1 + number % 9} 10:11:12.{number % 1000000:06d}",
            "avatar_hash": hashlib.md5(address.encode()).hexdigest(),
        }

    engine = create_engine(url)
    names = list(row(1))
    insert = text(f"INSERT INTO users ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            from psycopg2.extras import execute_values

            cursor = connection.connection.cursor()
            rows = ([row(number)[name] for name in names] for number in range(1, count + 1))
            execute_values(cursor, f"INSERT INTO users ({', '.join(names)}) VALUES %s", rows, page_size=2000)
            connection.execute(text("SELECT setval('users_id_seq', :count)"), {"count": count})
        else:
            connection.execute(insert, [row(number) for number in range(1, count + 1)])
    engine.dispose()


def shape(url):
    """Everything the database says of its own form, but for what the engine keeps for itself."""
    engine = create_engine(url)
    if engine.dialect.name == "postgresql":
        queries = [
            """SELECT table_name, column_name, ordinal_position, data_type, character_maximum_length, is_nullable,
                      column_default FROM information_schema.columns WHERE table_schema = 'public'""",
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
            "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        ]
    else:
        queries = ["SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name <> 'sqlite_sequence'"]
    with engine.connect() as connection:
        lines = [sorted(json.dumps(list(row), default=str) for row in connection.execute(text(query))) for query in queries]
    engine.dispose()
    return lines


def rows(url, but):
    """A hash over every row of `users` but those of these ids, as the application reads them."""
    engine = create_engine(url)
    columns = "id, email, username, password_hash, confirmed, name, location, about_me, member_since, last_seen, avatar_hash"
    digest = hashlib.sha256()
    count = 0
    with engine.connect() as connection:
        for row in connection.execute(text(f"SELECT {columns} FROM users ORDER BY id")):
            if row[0] not in but:
                digest.update(json.dumps(list(row), default=str).encode())
                count += 1
    engine.dispose()
    return count, digest.hexdigest()
