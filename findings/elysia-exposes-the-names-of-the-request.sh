#!/usr/bin/env bash
# Elysia's CORS plugin exposes the names of the request's headers instead of those of the answer.
#
# Software:  @elysiajs/cors 1.4.2 and elysia 1.4.30 (npm); Node 20.
# Input:     the plugin as it comes, cors(), and a handler that sets X-Total; a page asks with the header X-Token.
# Surprise:  Access-Control-Expose-Headers lists what the page sent ("origin, x-token"), which it knows, and not X-Total,
#            so the page's response.headers.get("x-total") is null (https://fetch.spec.whatwg.org/#cors-protocol).
#            Naming the header, cors({ exposeHeaders: ["X-Total"] }), works.
# Seen:      as it comes: exposed origin, x-token
#            named: exposed X-Total
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund elysia@1.4.30 @elysiajs/cors@1.4.2

cat >run.mjs <<'JS'
import { cors } from '@elysiajs/cors';
import { Elysia } from 'elysia';

async function exposed(options) {
  const app = new Elysia().use(cors(options)).get('/', ({ set }) => {
    set.headers['x-total'] = '7';
    return 'ok';
  });
  const headers = { origin: 'http://a.example', 'x-token': '1' };
  const answer = await app.handle(new Request('http://api.example/', { headers }));
  if (answer.headers.get('x-total') !== '7') throw new Error('no X-Total');
  return answer.headers.get('access-control-expose-headers');
}
console.log(`as it comes: exposed ${await exposed()}`);
console.log(`named: exposed ${await exposed({ exposeHeaders: ['X-Total'] })}`);
JS
node --version
seen=$(node run.mjs)
echo "$seen"
[[ $seen == $'as it comes: exposed origin, x-token\nnamed: exposed X-Total' ]]
