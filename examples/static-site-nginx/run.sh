#!/usr/bin/env bash
# Starts Doorward and nginx on 127.0.0.1, asks for each page as each user, and stops both again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
cp -r "$here"/{site,nginx.conf,doorward.toml} "$work"
cd "$work"
mkdir tmp
PATH=$PATH:/usr/sbin

echo 'a long pass phrase' | doorward user create susan --email susan@example.com --password-stdin >/dev/null
echo 'another long phrase' | doorward user create root --email root@example.com --role admin --password-stdin >/dev/null
doorward serve >doorward.log 2>&1 &
nginx -p "$work" -c nginx.conf -g "user $(id -un); daemon off;" >nginx.log 2>&1 &

site=http://localhost:8081
curl -s -o /dev/null --retry 20 --retry-connrefused --retry-delay 1 http://localhost:8080/healthz
curl -s -o /dev/null --retry 20 --retry-connrefused --retry-delay 1 $site/

sign_in() { # NAME PASSWORD: keeps the session cookie
    curl -s -o /dev/null -c "$1.cookies" $site/login -H 'Content-Type: application/json' \
        -d "{\"username\": \"$1\", \"password\": \"$2\"}"
}
touch nobody.cookies
sign_in susan 'a long pass phrase'
sign_in root 'another long phrase'

printf '%-30s' page; printf '%8s' nobody susan root; echo
for page in / /public/news.txt /handbook.txt /admin/keys.txt '/public/%2e%2e/handbook.txt'; do
    printf '%-30s' "$page"
    for who in nobody susan root; do
        printf '%8s' "$(curl -s -o /dev/null -w '%{http_code}' --path-as-is -b $who.cookies "$site$page")"
    done
    echo
done
