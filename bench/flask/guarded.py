"""The same application, with `/my_info` guarded by doorward-flask instead of its own decorator."""
from application import app
from doorward_flask import login_required
from envelope import successful


@login_required
def my_info():
    return successful({"hello": "world"})


app.view_functions["my_info"] = my_info
