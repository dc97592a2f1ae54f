"""The answers of the Flask system: an envelope in the body, always under HTTP status 200."""
import json

from flask import Response


def envelope(code, message=None, data=None):
    body = json.dumps({"code": code, "message": message, "data": data})
    return Response(body, mimetype="application/json")


def successful(data):
    return envelope(200, data=data)


def bad_request(message):
    return envelope(400, message)


def unauthorized(message):
    return envelope(401, message)


def forbidden(message):
    return envelope(403, message)


def not_found(message):
    return envelope(404, message)
