"""An application as it is after Doorward took over its users: the views are its own, who may enter them is Doorward's.

Before, this stood here:                      Now:

    from accounts import login_required           from doorward_flask import login_required

and accounts.py held the decorator, POST /login, GET /logout, and the making of tokens. What stays is what the application knows of a
user besides: here the model of the same table, which Doorward keeps.

    python application.py create-tables
    gunicorn --workers 2 --bind 127.0.0.1:5000 application:app

Environment: DATABASE_URL (sqlite:////path/to/file or postgresql://…), and doorward-flask's: DOORWARD_URL, DOORWARD_SERVICE_KEY,
DOORWARD_SECRET_KEYS where Doorward issues tokens of the application's own format.
"""

import hashlib
import os
import sys
from datetime import datetime

from flask import Flask, jsonify
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import generate_password_hash

from doorward_flask import current_user, login_required, roles_required

app = Flask(__name__)
app.config.update(SQLALCHEMY_DATABASE_URI=os.environ["DATABASE_URL"], SQLALCHEMY_TRACK_MODIFICATIONS=False)
db = SQLAlchemy(app)


class User(db.Model):
    __tablename__ = "users"

    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(64), unique=True, index=True)
    username = db.Column(db.String(64), unique=True, index=True)
    password_hash = db.Column(db.String(128))
    confirmed = db.Column(db.Boolean, default=False)
    name = db.Column(db.String(64))
    location = db.Column(db.String(64))
    about_me = db.Column(db.Text())
    member_since = db.Column(db.DateTime(), default=datetime.utcnow)
    last_seen = db.Column(db.DateTime(), default=datetime.utcnow)
    avatar_hash = db.Column(db.String(32))


@app.route("/my_info")
@login_required
def my_info():
    return jsonify(code=200, message=None, data={"hello": "world"})


@app.route("/my_row")
@login_required
def my_row():
    user = User.query.get(current_user.id)
    return jsonify(code=200, message=None, data={"id": user.id, "username": user.username, "email": user.email})


@app.route("/reports")
@roles_required("admin")
def reports():
    return jsonify(code=200, message=None, data={"users": User.query.count()})


@app.after_request
def name_the_worker(response):
    # So that it can be seen which of gunicorn's processes answered.
    response.headers["X-Worker"] = str(os.getpid())
    return response


def create_tables():
    """A database as the application had it before: the table, the last revision's name, and a user with a password."""
    with app.app_context():
        db.create_all()
        db.session.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        db.session.execute("INSERT INTO alembic_version VALUES ('77987c16214f')")
        address = "susan@example.org"
        db.session.add(
            User(
                username="susan",
                email=address,
                confirmed=True,
                avatar_hash=hashlib.md5(address.encode()).hexdigest(),
                password_hash=generate_password_hash(os.environ["SUSANS_PASSWORD"]),
            )
        )
        db.session.commit()


if __name__ == "__main__":
    if sys.argv[1:] != ["create-tables"]:
        sys.exit(__doc__)
    create_tables()
