#!/usr/bin/env bash
# Sanic-CORS answers each preflight that it allows with "Access-Control-Max-Age: None".
#
# Software:  Sanic-Cors 2.2.0 with sanic 25.12.1 (PyPI).
# Input:     CORS(app, origins=[...], allow_headers=[...]), and a preflight that it allows. max_age is left out, and its
#            documented default is None: no lifetime of its own.
# Surprise:  the word None is sent as the value. A browser finds no number of seconds in it and takes the standard's
#            default of 5 (https://fetch.spec.whatwg.org/#cors-preflight-fetch-0); to a reader of the headers it looks as
#            if a lifetime had been set and was not obeyed.
# Seen:      200, Access-Control-Allow-Headers: content-type, Access-Control-Max-Age: None
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check sanic-cors==2.2.0 sanic==25.12.1 sanic-testing==24.6.0

cat >run.py <<'PY'
from sanic import Sanic
from sanic.response import json
from sanic_cors import CORS

app = Sanic("items")
CORS(app, origins=["http://page.example"], allow_headers=["content-type"])


@app.route("/items", methods=["PUT"])
async def items(_request):
    return json({"ok": True})


asked = {
    "Origin": "http://page.example",
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "content-type",
}
_, answer = app.test_client.options("/items", headers=asked)
names = ("Access-Control-Allow-Headers", "Access-Control-Max-Age")
print(", ".join([str(answer.status), *(f"{name}: {answer.headers.get(name)}" for name in names)]))
PY
seen=$(env/bin/python run.py 2>/dev/null | tail -n 1)
echo "$seen"
[[ $seen == '200, Access-Control-Allow-Headers: content-type, Access-Control-Max-Age: None' ]]
