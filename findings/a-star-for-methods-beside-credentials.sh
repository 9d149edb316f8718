#!/usr/bin/env bash
# BlackSheep and itty-router write "any method" as a star that a request with credentials cannot use.
#
# Software:  blacksheep 2.6.4 (PyPI), use_cors(allow_methods="*", allow_credentials=True);
#            itty-router 5.0.24 (npm), cors({ credentials: true }), where any method is the default.
# Input:     a preflight for PUT.
# Surprise:  both turn the star for the origin into the origin that asked, since credentials are allowed, and leave the
#            star for the methods, which with credentials is the name of a method and no wildcard
#            (https://fetch.spec.whatwg.org/#cors-preflight-fetch-0). Every browser refuses a PUT with cookies, which
#            the server meant to allow. Methods that are named work.
# Seen:      blacksheep, "*": origin http://a.example, methods *, credentials true
#            blacksheep, "GET PUT": origin http://a.example, methods GET, PUT, credentials true
#            itty-router, default: origin http://a.example, methods *, credentials true
#            itty-router, [GET, PUT]: origin http://a.example, methods GET, PUT, credentials true
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check blacksheep==2.6.4 uvicorn==0.54.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund itty-router@5.0.24

cat >run.py <<'PY'
import socket
import threading
import time
from http.client import HTTPConnection

import uvicorn
from blacksheep import Application, Router


def told(methods):
    app = Application(router=Router())
    app.use_cors(allow_origins="*", allow_methods=methods, allow_credentials=True)

    @app.router.put("/")
    def put():
        return "ok"

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    threading.Thread(target=server.run, args=([listening],), daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    connection = HTTPConnection(*listening.getsockname(), timeout=10)
    asked = {"Origin": "http://a.example", "Access-Control-Request-Method": "PUT"}
    connection.request("OPTIONS", "/", headers=asked)
    answer = connection.getresponse()
    origin, listed, credentials = (
        answer.getheader(f"Access-Control-Allow-{name}") for name in ("Origin", "Methods", "Credentials")
    )
    listed = ", ".join(sorted(listed.split(", ")))  # it keeps them in a set
    return f"origin {origin}, methods {listed}, credentials {credentials}"


for methods in ("*", "GET PUT"):
    print(f'blacksheep, "{methods}": {told(methods)}')
PY
cat >run.mjs <<'JS'
import { AutoRouter, cors } from 'itty-router';

async function told(options) {
  const { preflight, corsify } = cors({ credentials: true, ...options });
  const router = AutoRouter({ before: [preflight], finally: [corsify] });
  router.put('/', () => 'ok');
  const headers = { origin: 'http://a.example', 'access-control-request-method': 'PUT' };
  const answer = await router.fetch(new Request('http://api.example/', { method: 'OPTIONS', headers }));
  const [origin, methods, credentials] = ['origin', 'methods', 'credentials'].map((name) =>
    answer.headers.get(`access-control-allow-${name}`));
  return `origin ${origin}, methods ${methods.replaceAll(',', ', ')}, credentials ${credentials}`;
}
console.log(`itty-router, default: ${await told({})}`);
console.log(`itty-router, [GET, PUT]: ${await told({ allowMethods: ['GET', 'PUT'] })}`);
JS
seen=$(env/bin/python run.py && node run.mjs)
echo "$seen"
[[ $seen == 'blacksheep, "*": origin http://a.example, methods *, credentials true
blacksheep, "GET PUT": origin http://a.example, methods GET, PUT, credentials true
itty-router, default: origin http://a.example, methods *, credentials true
itty-router, [GET, PUT]: origin http://a.example, methods GET, PUT, credentials true' ]]
