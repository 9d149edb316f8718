#!/usr/bin/env bash
# mitmproxy's HAR export writes a method in other letters than the client sent.
#
# Software:  mitmproxy 12.3.1 (PyPI), on Python 3.12 or newer.
# Input:     a request with the method `patch`, which browsers send as it is: fetch() changes only delete, get, head,
#            options, post and put to capitals (https://fetch.spec.whatwg.org/#concept-method-normalize), and methods
#            are case-sensitive (RFC 9110, 9.1).
# Surprise:  the flow dump keeps `patch`; the HAR, and the exported curl command, say PATCH. Whoever looks for the cause
#            of "Method patch is not allowed by Access-Control-Allow-Methods" does not find it there, and the copied
#            command succeeds where the page failed.
# Seen:      proxied patch | dump patch | HAR PATCH | curl PATCH
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check mitmproxy==12.3.1

cat >server.py <<'PY'
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_patch(self):
        body = self.command.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open("server.port.new", "w") as file:
    file.write(str(server.server_port))
__import__("os").rename("server.port.new", "server.port")
server.serve_forever()
PY
cat >tell.py <<'PY'
import os
from mitmproxy import command, ctx

class Tell:
    def running(self):
        with open("proxy.port.new", "w") as file:
            file.write(str(ctx.master.addons.get("proxyserver").listen_addrs()[0][1]))
        os.rename("proxy.port.new", "proxy.port")

addons = [Tell()]
PY
cat >dumped.py <<'PY'
from mitmproxy import ctx

def response(flow):
    with open("dumped", "w") as file:
        file.write(flow.request.data.method.decode())
    ctx.master.commands.call("export.file", "curl", flow, "curl")
PY
cat >ask.py <<'PY'
import http.client

connection = http.client.HTTPConnection("127.0.0.1", int(open("proxy.port").read()), timeout=30)
connection.request("patch", f"http://127.0.0.1:{open('server.port').read()}/", headers={"Connection": "close"})
print(connection.getresponse().read().decode())
PY
await() { for _ in $(seq 300); do [[ -e $1 ]] && return; sleep 0.1; done; echo "no $1" >&2; return 1; }

venv/bin/python server.py &
server=$!
venv/bin/mitmdump --set confdir=conf -q --listen-host 127.0.0.1 --listen-port 0 -s tell.py -w one.mitm &
proxy=$!
trap 'kill $server $proxy 2>/dev/null || true; rm -rf "$folder"' EXIT
await server.port
await proxy.port
proxied=$(venv/bin/python ask.py)
kill -INT $proxy
wait $proxy || true

venv/bin/mitmdump --set confdir=conf -q -nr one.mitm --set hardump=one.har -s dumped.py
har=$(venv/bin/python -c 'import json; print(json.load(open("one.har"))["log"]["entries"][0]["request"]["method"])')
curl=$(sed -n 's/.*-X \([A-Za-z]*\).*/\1/p' curl)
seen="proxied $proxied | dump $(cat dumped) | HAR $har | curl $curl"
echo "$seen"
[[ $seen == 'proxied patch | dump patch | HAR PATCH | curl PATCH' ]]
