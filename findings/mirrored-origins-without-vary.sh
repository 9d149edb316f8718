#!/usr/bin/env bash
# Falcon and itty-router answer with the origin that asked, and do not say that the answer varies by it.
#
# Software:  falcon 4.4.0 (PyPI), CORSMiddleware(allow_origins=[...]);
#            itty-router 5.0.24 (npm), cors({ origin: [...] }).
# Input:     two origins in the list; the same URL, which may be cached, asked by pages of each.
# Surprise:  Access-Control-Allow-Origin is the origin that asked, and there is no Vary: Origin. A cache (the browser's,
#            a CDN's) may give the page of one origin the answer that names the other, which the browser then refuses,
#            until the answer is stale (https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches).
# Seen:      falcon: http://a.example gets http://a.example, Vary none
#            falcon: http://b.example gets http://b.example, Vary none
#            itty-router: http://a.example gets http://a.example, Vary none
#            itty-router: http://b.example gets http://b.example, Vary none
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check falcon==4.4.0
npm init -y >/dev/null
npm install --silent --no-audit --no-fund itty-router@5.0.24

cat >run.py <<'PY'
import threading
from http.client import HTTPConnection
from wsgiref.simple_server import WSGIRequestHandler, make_server

import falcon

ORIGINS = ["http://a.example", "http://b.example"]


class Items:
    def on_get(self, request, response):
        response.cache_control = ["public", "max-age=600"]
        response.media = {"ok": True}


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


app = falcon.App(middleware=falcon.CORSMiddleware(allow_origins=ORIGINS))
app.add_route("/items", Items())
server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
for origin in ORIGINS:
    connection = HTTPConnection(*server.server_address, timeout=10)
    connection.request("GET", "/items", headers={"Origin": origin})
    answer = connection.getresponse()
    allowed, vary = (answer.getheader(name, "none") for name in ("Access-Control-Allow-Origin", "Vary"))
    print(f"falcon: {origin} gets {allowed}, Vary {vary}")
PY
cat >run.mjs <<'JS'
import { AutoRouter, cors } from 'itty-router';

const origins = ['http://a.example', 'http://b.example'];
const { preflight, corsify } = cors({ origin: origins });
const router = AutoRouter({ before: [preflight], finally: [corsify] });
router.get('/items', () => Response.json({ ok: true }, { headers: { 'Cache-Control': 'public, max-age=600' } }));
for (const origin of origins) {
  const { headers } = await router.fetch(new Request('http://api.example/items', { headers: { origin } }));
  const vary = headers.get('vary') ?? 'none';
  console.log(`itty-router: ${origin} gets ${headers.get('access-control-allow-origin')}, Vary ${vary}`);
}
JS
seen=$(env/bin/python run.py && node run.mjs)
echo "$seen"
[[ $seen == 'falcon: http://a.example gets http://a.example, Vary none
falcon: http://b.example gets http://b.example, Vary none
itty-router: http://a.example gets http://a.example, Vary none
itty-router: http://b.example gets http://b.example, Vary none' ]]
