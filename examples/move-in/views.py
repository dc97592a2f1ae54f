"""What is left of the application when its users have moved out: its own views. Who asks, nginx has asked Doorward."""
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.route("/my_info")
def my_info():
    user = request.headers.get("X-Doorward-User")
    return jsonify(code=200, message=None, data={"hello": "world", "user": user})
