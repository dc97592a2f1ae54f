"""The users table and the tokens, as Flask-SQLAlchemy and itsdangerous make them."""
import functools
import hashlib
from datetime import datetime

from flask import current_app, g, request
from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy
from itsdangerous import TimedJSONWebSignatureSerializer
from werkzeug.security import check_password_hash, generate_password_hash

from envelope import forbidden, unauthorized

db = SQLAlchemy()
login_manager = LoginManager()
login_manager.session_protection = "strong"


class User(UserMixin, db.Model):
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

    def set_password(self, password):
        self.password_hash = generate_password_hash(password)

    def has_password(self, password):
        return check_password_hash(self.password_hash, password)

    def set_email(self, address):
        self.email = address
        self.avatar_hash = hashlib.md5(address.encode()).hexdigest()

    def token(self, lifetime):
        serializer = TimedJSONWebSignatureSerializer(
            current_app.config["SECRET_KEY"], expires_in=lifetime
        )
        return serializer.dumps({"id": self.id}).decode("ascii")

    def every_column(self):
        """Reading a column makes SQLAlchemy convert it, which fails for a value in another form."""
        values = {c.name: getattr(self, c.name) for c in self.__table__.columns}
        for column in ("member_since", "last_seen"):
            if values[column] is not None:
                values[column] = values[column].isoformat()
        return values


@login_manager.user_loader
def load_user(user_id):
    return User.query.get(int(user_id))


def token_required(view):
    """As the system guards: the signature and the end decide, the user is not looked up."""

    @functools.wraps(view)
    def guarded(*args, **kwargs):
        token = request.headers.get("token")
        if token is None:
            return forbidden("缺少参数token")
        try:
            claims = TimedJSONWebSignatureSerializer(current_app.config["SECRET_KEY"]).loads(token)
        except Exception:
            return unauthorized("验证失败, 无效的token")
        g.token_user_id = claims.get("id")
        return view(*args, **kwargs)

    return guarded
