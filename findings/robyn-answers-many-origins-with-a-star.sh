#!/usr/bin/env bash
# Robyn's ALLOW_CORS, given two origins, permits credentials in the preflight and takes them back in the answer.
#
# Software:  robyn 0.88.0 (PyPI).
# Input:     ALLOW_CORS(app, origins=[...]) with two origins, as its documentation has it; a preflight and its GET, both
#            with the first of them as Origin.
# Surprise:  the preflight is answered with that origin, everything else with "*", both with
#            Access-Control-Allow-Credentials: true. So a request with cookies passes its preflight and is sent, and
#            then no browser lets the page read the answer (https://fetch.spec.whatwg.org/#concept-cors-check).
#            With one origin in the list both say that origin, and it works: the second entry breaks the first.
# Seen:      one origin:  preflight http://a.example true, GET http://a.example true
#            two origins: preflight http://a.example true, GET * true
set -euo pipefail

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check robyn==0.88.0

cat >app.py <<'PY'
import sys

from robyn import ALLOW_CORS, Robyn

app = Robyn(__file__)
ALLOW_CORS(app, origins=sys.argv[2:])


@app.get("/")
def answer(request):
    return "ok"


app.start(host="127.0.0.1", port=int(sys.argv[1]))
PY
cat >ask.py <<'PY'
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection

ORIGINS = ("http://a.example", "http://b.example")


def told(port, method):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, "/", headers={"Origin": ORIGINS[0], "Access-Control-Request-Method": "GET"})
    answer = connection.getresponse()
    return " ".join(answer.headers.get_all(f"Access-Control-Allow-{name}")[0] for name in ("Origin", "Credentials"))


for label, origins in (("one origin", ORIGINS[:1]), ("two origins", ORIGINS)):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open("log", "w") as log:
        server = subprocess.Popen([sys.executable, "app.py", str(port), *origins], stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        print(f"{label}: preflight {told(port, 'OPTIONS')}, GET {told(port, 'GET')}")
    finally:
        server.kill()
PY
seen=$(env/bin/python ask.py)
echo "$seen"
[[ $seen == $'one origin: preflight http://a.example true, GET http://a.example true\ntwo origins: preflight http://a.example true, GET * true' ]]
