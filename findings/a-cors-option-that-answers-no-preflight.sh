#!/usr/bin/env bash
# The CORS options of asgi-cors, Browsersync and esbuild let no request pass that needs a preflight.
#
# Software:  asgi-cors 1.0.1 before starlette 1.10.0 (PyPI); browser-sync 3.0.4 and esbuild 0.28.2 (npm).
# Input:     asgi_cors(app, hosts=[page], methods=["GET", "PUT"], headers=["content-type"]) before an application that has
#            that route for GET and PUT; browser-sync with cors: true; esbuild's serve({ cors: { origin: page } }).
#            Then a preflight for a method and header that they permit.
# Surprise:  they add their headers, Browsersync and asgi-cors those for preflights too, and leave the answer itself to
#            what is behind them, which knows no OPTIONS: its status is 405 or 404, and a preflight needs one of 200 to
#            299 (https://fetch.spec.whatwg.org/#cors-preflight-fetch-0). So only simple requests work, and the headers
#            look right.
# Seen:      asgi-cors: 405, methods GET, PUT
#            browser-sync: 404, methods GET, POST, OPTIONS, PUT, PATCH, DELETE
#            esbuild: 404, methods none
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/pip install --quiet --disable-pip-version-check asgi-cors==1.0.1 starlette==1.10.0 httpx==0.28.1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund browser-sync@3.0.4 esbuild@0.28.2
mkdir site
echo '{}' >site/items.json

cat >run.py <<'PY'
from asgi_cors import asgi_cors
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient


async def items(_request):
    return JSONResponse({"ok": True})


page = "http://page.example"
routes = [Route("/items", items, methods=["GET", "PUT"])]
app = asgi_cors(Starlette(routes=routes), hosts=[page], methods=["GET", "PUT"], headers=["content-type"])
asked = {"Origin": page, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
answer = TestClient(app).options("/items", headers=asked)
print(f"asgi-cors: {answer.status_code}, methods {answer.headers.get('access-control-allow-methods')}")
PY
cat >run.mjs <<'JS'
import browserSync from 'browser-sync';
import * as esbuild from 'esbuild';

const page = 'http://page.example';
const headers = { 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'x-requested-with' };
const ask = async (name, port) => {
  const options = { method: 'OPTIONS', headers: { Origin: page, ...headers } };
  const answer = await fetch(`http://127.0.0.1:${port}/items.json`, options);
  console.log(`${name}: ${answer.status}, methods ${answer.headers.get('access-control-allow-methods') ?? 'none'}`);
};

const quiet = { open: false, ui: false, logLevel: 'silent', notify: false };
const synced = browserSync.create();
await new Promise((ready) => synced.init({ server: 'site', cors: true, listen: '127.0.0.1', ...quiet }, ready));
await ask('browser-sync', synced.getOption('port'));
synced.exit();

const context = await esbuild.context({});
const { port } = await context.serve({ host: '127.0.0.1', servedir: 'site', cors: { origin: page } });
await ask('esbuild', port);
await context.dispose();
process.exit(0);
JS
seen=$(env/bin/python run.py && node run.mjs)
echo "$seen"
[[ $seen == 'asgi-cors: 405, methods GET, PUT
browser-sync: 404, methods GET, POST, OPTIONS, PUT, PATCH, DELETE
esbuild: 404, methods none' ]]
