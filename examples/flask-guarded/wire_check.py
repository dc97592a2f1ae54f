#!/usr/bin/env python3
"""Checks a running server for the wire of the Flask system it replaces.

usage: wire_check.py BASE_URL --username U --password P [--status-mode honest|seed] [--secret KEY]

honest: the HTTP status equals the envelope's code.  seed: HTTP 200 with the code in the body, as the Flask system answers.
Differences from the Flask system that are wanted in both modes: a login request that made it answer 500
(wrong content type, no password, a list, a number) gets envelope code 400, and a token is refused after logout.
--secret: the key shared with the Flask system; the token is then expected in its format (HS512 JWS, header alg/iat/exp,
payload {"id": n}) and its signature is checked.
Standard library only. Last line: N passed, N failed.
"""
import argparse, base64, hashlib, hmac, json, sys, urllib.request, urllib.error

a = argparse.ArgumentParser(); a.add_argument("base"); a.add_argument("--username", default="admin"); a.add_argument("--password", required=True)
a.add_argument("--status-mode", choices=["honest", "seed"], default="honest"); a.add_argument("--secret"); a.add_argument("--guarded", help="a guarded GET path, e.g. /my_info")
o = a.parse_args(); base = o.base.rstrip("/"); passed = failed = 0

def call(method, path, body=None, headers=None, raw=None):
    h = dict(headers or {}); data = raw
    if body is not None:
        data = json.dumps(body).encode(); h.setdefault("Content-Type", "application/json")
    r = urllib.request.Request(base + path, data=data, headers=h, method=method)
    try:
        with urllib.request.urlopen(r, timeout=20) as f: return f.status, f.read(), f.headers
    except urllib.error.HTTPError as e: return e.code, e.read(), e.headers

def js(b):
    try: return json.loads(b)
    except Exception: return None

def check(name, ok, got=""):
    global passed, failed
    if ok: passed += 1
    else:
        failed += 1; print("FAILED", name, str(got)[:300])

def envelope(name, res, code, message=None):
    status, body, _ = res; d = js(body)
    check(name + ": body", isinstance(d, dict) and d.get("code") == code and "data" in d and (message is None or d.get("message") == message), body)
    check(name + ": status", status == (code if o.status_mode == "honest" else 200), status)

U, P = o.username, o.password
s, b, h = call("POST", "/login", {"username": U, "password": P}); d = js(b) or {}
check("login: status", s == 200, s); check("login: code 200", d.get("code") == 200, b)
check("login: expiration is seconds", isinstance(d.get("expiration"), int) and d["expiration"] > 0, b)
T = d.get("token") or ""; check("login: token has three parts", T.count(".") == 2, T)
if o.secret and T.count(".") == 2:
    def un(x): return base64.urlsafe_b64decode(x + "=" * (-len(x) % 4))
    hh, pp, ss = T.split("."); H = js(un(hh)) or {}; Pl = js(un(pp)) or {}
    key = hashlib.sha512  # itsdangerous: HMAC with SHA-512 under a key derived from the secret: none, the secret itself
    check("token: header", H.get("alg") == "HS512" and H.get("exp", 0) - H.get("iat", 0) == d["expiration"], H)
    check("token: payload", isinstance(Pl.get("id"), int), Pl)
    check("token: signature", hmac.compare_digest(hmac.new(o.secret.encode(), (hh + "." + pp).encode(), key).digest(), un(ss)))
bad = "Invalid username or password."
envelope("wrong password", call("POST", "/login", {"username": U, "password": P + "x"}), 401, bad)
envelope("unknown user", call("POST", "/login", {"username": U + "-nobody", "password": P}), 401, bad)
for name, kw in (("malformed json", dict(raw=b'{"username":', headers={"Content-Type": "application/json"})),
                 ("empty body", dict(raw=b"", headers={"Content-Type": "application/json"})),
                 ("array body", dict(body=[1])), ("number password", dict(body={"username": U, "password": 5})),
                 ("no password", dict(body={"username": U})), ("no username", dict(body={"password": P})), ("empty object", dict(body={}))):
    envelope(name, call("POST", "/login", **kw), 400)
miss, inv = "缺少参数token", "验证失败, 无效的token"
envelope("logout without token", call("GET", "/logout"), 403, miss)
for name, t in (("garbage", "abc"), ("tampered", T[:-4] + ("AAAA" if T[-4:] != "AAAA" else "BBBB")), ("dots", "..."), ("long", "x" * 4000)):
    envelope("logout, token " + name, call("GET", "/logout", headers={"token": t}), 401, inv)
if o.guarded:
    s, b, _ = call("GET", o.guarded, headers={"token": T}); check("guarded with token", s == 200 and (js(b) or {}).get("code") == 200, (s, b))
    envelope("guarded without token", call("GET", o.guarded), 403, miss)
s, b, h = call("GET", "/logout", headers={"token": T}); check("logout", s == 200 and js(b) == {"message": "You have been logged out."}, (s, b))
envelope("token after logout", call("GET", "/logout", headers={"token": T}), 401, inv)
s, b, h = call("POST", "/logout", headers={"token": T}); check("POST /logout is 405 with Allow", s == 405 and "GET" in (h.get("Allow") or ""), (s, h.get("Allow")))
s, b, h = call("GET", "/login"); check("GET /login as JSON is 405", s in (405, 200), s)
s, b, h = call("GET", "/no-such-path"); check("unknown path is 404", s == 404, s)
s, b, h = call("GET", "/swagger.json"); d = js(b) or {}; paths = d.get("paths", {})
check("swagger.json lists /login and /logout", s == 200 and "post" in paths.get("/login", {}) and "get" in paths.get("/logout", {}), s)
print("%d passed, %d failed" % (passed, failed)); sys.exit(1 if failed else 0)
