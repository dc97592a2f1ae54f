"""What the tests of servers serve: who answers, and what their guard knows."""

import os

import flask

from doorward_flask import DoorwardFlask, current_user, login_required

app = flask.Flask(__name__)
doorward = DoorwardFlask(app)

if os.environ.get("USED_BEFORE_FORK"):
    doorward.guard.start()


@app.route("/my_info")
@login_required
def my_info() -> flask.Response:
    return flask.jsonify({"pid": os.getpid(), "user": current_user.id, "sequence": doorward.status().sequence})
