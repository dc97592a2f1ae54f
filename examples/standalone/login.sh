#!/bin/sh
# Signs in, asks who that is, renews the token, signs out: each step with curl.
# usage: login.sh [BASE_URL] USERNAME PASSWORD
set -eu
if [ $# -eq 3 ]; then base=$1; shift; else base=http://127.0.0.1:8080; fi
username=$1 password=$2

field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
post() { curl --silent --fail-with-body "$base$1" --header 'Content-Type: application/json' --data "$2"; }

answer=$(post /login "{\"username\":\"$username\",\"password\":\"$password\"}")
token=$(printf '%s' "$answer" | field token)
refresh=$(printf '%s' "$answer" | field refresh_token)
echo "signed in as $(curl --silent --fail-with-body "$base/me" --header "token: $token" | field username)"

answer=$(post /token/refresh "{\"refresh_token\":\"$refresh\"}")
token=$(printf '%s' "$answer" | field token)
curl --silent --fail-with-body "$base/me" --header "Authorization: Bearer $token" >/dev/null
echo "renewed the token"

curl --silent --fail-with-body "$base/logout" --header "token: $token" >/dev/null
status=$(curl --silent --output /dev/null --write-out '%{http_code}' "$base/me" --header "token: $token")
[ "$status" = 401 ] || { echo "the token still opens doors: $status" >&2; exit 1; }
echo "signed out; the token is refused"
