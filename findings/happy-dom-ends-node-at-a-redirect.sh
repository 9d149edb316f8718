#!/usr/bin/env bash
# happy-dom ends the whole test run at a redirect whose Location holds userinfo.
#
# Software:  happy-dom 21.0.4 (npm), in which Vitest and others run tests of pages; Node 20.
# Input:     a page's fetch to its own origin, answered 302 with Location: http://user:pass@127.0.0.1:PORT/x, as valid
#            a URL as any; the page catches whatever the fetch rejects with.
# Surprise:  the fetch neither resolves nor rejects. An exception is thrown where no page and no test can catch it (the
#            constructor of Request, called in a handler of Node's response event), and Node ends with exit code 1.
#            In browsers the promise is rejected, or the redirect followed.
# Seen:      exit 1, NotSupportedError: http://user:pass@127.0.0.1:PORT/x is an url with embedded credentials.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund happy-dom@21.0.4

cat >run.mjs <<'JS'
import http from 'node:http';
import { Window } from 'happy-dom';

const server = http.createServer((request, response) => {
  const location = request.url === '/a' ? { Location: `http://user:pass@${request.headers.host}/x` } : {};
  response.writeHead(request.url === '/a' ? 302 : 200, location);
  response.end();
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const origin = `http://127.0.0.1:${server.address().port}`;
const window = new Window({ url: `${origin}/` });
try {
  const response = await window.fetch(`${origin}/a`);
  console.log(`resolved: ${response.status}`);
} catch (error) {
  console.log(`rejected: ${error}`);
}
process.exit(0);
JS
code=0
seen=$(node run.mjs 2>&1) || code=$?
echo "node $(node --version), happy-dom $(node -p 'require("./node_modules/happy-dom/package.json").version')"
grep -o 'NotSupportedError.*' <<<"$seen" || echo "$seen"
echo "exit $code"
[[ $code == 1 && $seen == *NotSupportedError* && $seen != *rejected:* ]]
