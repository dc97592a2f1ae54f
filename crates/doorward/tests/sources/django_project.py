"""The users of a real Django project: `python django_project.py DOORWARD [POSTGRES]`."""

import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from moving_in import Doorward, log_in, sources

HASHERS = ["PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "Scrypt", "MD5"]
USERS = {
    "ann": "pbkdf2_sha256",
    "bob": "argon2",
    "cid": "bcrypt_sha256",
    "dee": "scrypt",
    "gus": "md5",
    "Zoë.Ångström+1": "pbkdf2_sha256",
}


def configure(url: str):
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite://")}
    else:
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path[1:],
            "USER": parts.username,
            "PASSWORD": parts.password,
            "HOST": parts.hostname,
            "PORT": parts.port,
        }
    from django.db import connections

    if not settings.configured:
        settings.configure(
            INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
            DATABASES={"default": database},
            PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{name}PasswordHasher" for name in HASHERS],
            DEFAULT_AUTO_FIELD="django.db.models.AutoField",
            USE_TZ=True,
        )
        django.setup()
    else:
        connections.close_all()
        del connections["default"]
        connections.settings["default"] = {**connections.settings["default"], **database}
        connections.settings = connections.configure_settings({"default": database})


def fill():
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for number, (name, hasher) in enumerate(USERS.items()):
        User.objects.create(
            username=name,
            email=f"user{number}@example.org",
            password=make_password(f"the password of {name}", hasher=hasher),
            first_name="Ann" if name == "ann" else "",
            last_name="Arbor" if name == "ann" else "",
            is_superuser=name == "ann",
        )
    User.objects.create(username="eve", email="eve@example.org", password=make_password(None))
    User.objects.create(username="fay", is_active=False, password=make_password("the password of fay"))


def check(doorward: Doorward, url: str):
    would = doorward.run("import", "django", "--from", url, "--dry-run")
    imported = doorward.run("import", "django", "--from", url, "--administrators", "--on-conflict", "skip")
    assert (would["created"], imported["created"], imported["rejected"]) == (8, 8, 0), (would, imported)
    # Run again it finds nothing new; who has come since, it takes in.
    again = doorward.run("import", "django", "--from", url, "--administrators", "--on-conflict", "skip")
    assert again["created"] == 8, again
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User

    User.objects.create(username="late", password=make_password("the password of late"))
    later = doorward.run("import", "django", "--from", url, "--administrators", "--on-conflict", "skip")
    assert later["created"] == 9, later
    shown = doorward.run("user", "show", "ann")
    assert shown["roles"] == ["admin"] and shown["name"] == "Ann Arbor", shown
    with doorward.serving() as base:
        for name in [*USERS, "late"]:
            assert log_in(base, name, f"the password of {name}") == "ok", name
            assert log_in(base, name, "another password") == "invalid_credentials", name
        assert log_in(base, "eve", "!") == "invalid_credentials"
        assert log_in(base, "fay", "the password of fay") == "account_disabled"


def main():
    binary, server = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    for engine, url in sources(server, f"django_{django.VERSION[0]}"):
        configure(url)
        fill()
        with tempfile.TemporaryDirectory() as folder:
            check(Doorward(Path(folder), binary), url)
        print(f"   Django {django.__version__} on {engine}: imported, and signed in")


main()
