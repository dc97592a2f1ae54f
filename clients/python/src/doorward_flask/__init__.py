"""Guard a Flask application's routes by Doorward.

    from doorward_flask import current_user, login_required

    @app.route("/my_info")
    @login_required
    def my_info():
        return {"code": 200, "message": None, "data": {"id": current_user.id}}

Settings stand in ``app.config`` or in the environment: ``DOORWARD_URL`` and ``DOORWARD_SERVICE_KEY`` must.
"""

from doorward.guard import Denied, Guard, Identity, Status

from ._extension import DoorwardFlask, User, current_user, login_required, roles_required

__all__ = [
    "Denied",
    "DoorwardFlask",
    "Guard",
    "Identity",
    "Status",
    "User",
    "current_user",
    "login_required",
    "roles_required",
]
