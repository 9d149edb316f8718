#!/usr/bin/env bash
# mitmproxy writes HTTP/2 into a HAR in a spelling that it does not read.
#
# Software:  mitmproxy 12.3.1 (PyPI), on Python 3.12 or newer.
# Input:     one HTTP/2 exchange, saved as a flow dump. Flows that mitmproxy records over HTTP/2 bear the version
#            `HTTP/2.0` (mitmproxy/proxy/layers/http/_http2.py), and that is what its HAR export writes.
# Surprise:  read again by the same mitmproxy, the exchange is HTTP/1.1. Its reader (mitmproxy/io/har.py) knows
#            `http/2.0`, `HTTP/2` and `HTTP/3`; all else, its own `HTTP/2.0` and Chrome's `h3` among it, counts as
#            HTTP/1.1. A dump of the same flow keeps the version.
# Matters:   browsers decide some CORS questions by the version (several lines of one header in Firefox), and keep
#            connections with and without credentials apart in HTTP/2.
# Seen:      dump HTTP/2.0 | HAR says HTTP/2.0 | read back HTTP/1.1
#            HAR says http/2.0: HTTP/2 | HTTP/2: HTTP/2 | HTTP/2.0: HTTP/1.1 | h2: HTTP/1.1 | HTTP/3: HTTP/3 | h3: HTTP/1.1
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check mitmproxy==12.3.1

cat >make.py <<'PY'
import pathlib
from mitmproxy.io import FlowWriter
from mitmproxy.proxy.layers.http import _http2
from mitmproxy.test import tflow

assert 'b"HTTP/2.0"' in pathlib.Path(_http2.__file__).read_text(), "live flows bear another version now"
flow = tflow.tflow(resp=True)
flow.request.http_version = flow.response.http_version = "HTTP/2.0"
with open("one.mitm", "wb") as file:
    FlowWriter(file).add(flow)
PY
cat >tell.py <<'PY'
import logging

def response(flow):
    logging.warning("VERSION %s", flow.request.http_version)
PY
read_by_mitmdump() { venv/bin/mitmdump --set confdir=conf -nr "$1" -s tell.py 2>&1 | sed -n 's/.*VERSION //p'; }

venv/bin/python make.py
venv/bin/mitmdump --set confdir=conf -q -nr one.mitm --set hardump=one.har
written=$(venv/bin/python -c 'import json; print(json.load(open("one.har"))["log"]["entries"][0]["request"]["httpVersion"])')
seen="dump $(read_by_mitmdump one.mitm) | HAR says $written | read back $(read_by_mitmdump one.har)"
echo "$seen"
table=''
for version in http/2.0 HTTP/2 HTTP/2.0 h2 HTTP/3 h3; do
  sed "s#\"httpVersion\": *\"[^\"]*\"#\"httpVersion\": \"$version\"#" one.har >other.har
  table+="${table:+ | }$version: $(read_by_mitmdump other.har)"
done
echo "HAR says $table"

[[ $seen == 'dump HTTP/2.0 | HAR says HTTP/2.0 | read back HTTP/1.1' ]]
[[ $table == 'http/2.0: HTTP/2 | HTTP/2: HTTP/2 | HTTP/2.0: HTTP/1.1 | h2: HTTP/1.1 | HTTP/3: HTTP/3 | h3: HTTP/1.1' ]]
