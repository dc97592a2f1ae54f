"""The Flask system, for measuring against and for running beside Doorward on one database.

    python application.py create-tables
    gunicorn --workers 2 --bind 127.0.0.1:5000 application:app

Environment: SECRET_KEY, DATABASE_URL (sqlite:////path/to/file or postgresql://…), TOKEN_EXPIRATION (seconds).
"""
import os
import sys

from flask import Flask, flash, g, jsonify, request
from flask_login import login_user, logout_user
from sqlalchemy.exc import IntegrityError

from accounts import User, db, login_manager, token_required
from envelope import bad_request, not_found, successful, unauthorized

app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ["SECRET_KEY"],
    SQLALCHEMY_DATABASE_URI=os.environ["DATABASE_URL"],
    SQLALCHEMY_TRACK_MODIFICATIONS=False,
    TOKEN_EXPIRATION=int(os.environ.get("TOKEN_EXPIRATION", "3600")),
)
db.init_app(app)
login_manager.init_app(app)


@app.route("/login", methods=["POST"])
def login():
    sent = request.get_json()
    user = User.query.filter_by(username=sent.get("username")).first()
    if user is None or not user.has_password(sent.get("password")):
        return unauthorized("Invalid username or password.")
    login_user(user)
    lifetime = app.config["TOKEN_EXPIRATION"]
    return jsonify(code=200, token=user.token(lifetime), expiration=lifetime)


@app.route("/logout")
@token_required
def logout():
    logout_user()
    goodbye = {"message": "You have been logged out."}
    flash(goodbye)
    return jsonify(goodbye)


@app.route("/my_info")
@token_required
def my_info():
    return successful({"hello": "world"})


@app.route("/register", methods=["POST"])
def register():
    sent = request.get_json()
    user = User(username=sent["username"], name=sent.get("name"), confirmed=True)
    user.set_email(sent["email"])
    user.set_password(sent["password"])
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return bad_request("That username or e-mail address is taken.")
    return successful({"id": user.id})


@app.route("/change_password", methods=["POST"])
@token_required
def change_password():
    user = User.query.get(g.token_user_id)
    if user is None:
        return not_found("No such user.")
    user.set_password(request.get_json()["password"])
    db.session.commit()
    return successful({"id": user.id})


@app.route("/user/<username>")
def show_user(username):
    user = User.query.filter_by(username=username).first()
    return not_found("No such user.") if user is None else successful(user.every_column())


@app.route("/everyone")
def everyone():
    return successful([user.every_column() for user in User.query.order_by(User.id)])


def create_tables():
    """What Flask-Migrate leaves behind: the table, and the name of its last revision."""
    with app.app_context():
        db.create_all()
        db.session.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        db.session.execute("INSERT INTO alembic_version VALUES ('77987c16214f')")
        db.session.commit()


if __name__ == "__main__":
    if sys.argv[1:] != ["create-tables"]:
        sys.exit(__doc__)
    create_tables()
