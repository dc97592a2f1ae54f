"""The users of a real Flask-Security application: `python flask_security.py DOORWARD [POSTGRES]`."""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

# This file has the name of the package.
sys.path.append(sys.path.pop(0))

from flask import Flask  # noqa: E402
from flask_security import Security, SQLAlchemyUserDatastore, hash_password  # noqa: E402
from flask_security.models import fsqla_v3 as tables  # noqa: E402
from flask_sqlalchemy import SQLAlchemy  # noqa: E402
from moving_in import Doorward, log_in, sources  # noqa: E402

SALT = "146585145368132386173505678016728509634"


def fill(url: str):
    app = Flask(__name__)
    app.config |= {
        "SECRET_KEY": "a secret of the application",
        "SECURITY_PASSWORD_SALT": SALT,
        "SQLALCHEMY_DATABASE_URI": url.replace("sqlite://", "sqlite:///").replace("postgres://", "postgresql+psycopg://"),
    }
    database = SQLAlchemy(app)
    tables.FsModels.set_db_info(database)

    class Role(database.Model, tables.FsRoleMixin):
        pass

    class User(database.Model, tables.FsUserMixin):
        pass

    with app.app_context():
        security = Security(app, SQLAlchemyUserDatastore(database, User, Role))
        database.create_all()
        store = security.datastore
        for name, active in [("ann", True), ("bob", True), ("fay", False)]:
            email = f"{name}@example.org"
            store.create_user(email=email, password=hash_password(f"the password of {name}"), active=active)
        database.session.commit()
        database.engine.dispose()


def check(doorward: Doorward, url: str):
    found = doorward.run("import", "flask", "--from", url, "--table", "user", "--dry-run")
    imported = doorward.run("import", "flask", "--from", url)
    assert (found["created"], imported["created"], imported["rejected"]) == (3, 3, 0), (found, imported)
    with doorward.serving() as base:
        for name in ["ann", "bob"]:
            assert log_in(base, f"{name}@example.org", f"the password of {name}") == "ok", name
            assert log_in(base, f"{name}@example.org", "another password") == "invalid_credentials", name
        assert log_in(base, "fay@example.org", "the password of fay") == "account_disabled"


def main():
    binary, server = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    for engine, url in sources(server, "flask_security"):
        fill(url)
        with tempfile.TemporaryDirectory() as folder:
            check(Doorward(Path(folder), binary, DOORWARD_PASSWORD__PEPPERS=SALT), url)
        print(f"   Flask-Security {version('flask-security-too')} on {engine}: imported, and signed in")


main()
