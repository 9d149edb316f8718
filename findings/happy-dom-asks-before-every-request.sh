#!/usr/bin/env bash
# happy-dom sends a preflight before a plain GET, and before each one anew, whatever Max-Age says.
#
# Software:  happy-dom 21.0.4 (npm), in which Vitest and others run tests of pages; Node 20.
# Input:     a page fetches the same URL of another origin twice, with no header of its own: a request that needs no
#            preflight (https://fetch.spec.whatwg.org/#cors-safelisted-method). The server allows all, and answers
#            OPTIONS with Access-Control-Max-Age: 600.
# Surprise:  four requests come instead of two. A mock server that knows no OPTIONS fails tests that pass in browsers,
#            and what a test counts is not what a browser sends.
# Seen:      OPTIONS GET OPTIONS GET
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund happy-dom@21.0.4

cat >run.mjs <<'JS'
import http from 'node:http';
import { Window } from 'happy-dom';

const seen = [];
const server = http.createServer((request, response) => {
  seen.push(request.method);
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Max-Age', '600');
  response.end();
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const window = new Window({ url: 'http://page.example/' });
for (let count = 0; count < 2; count += 1) {
  const response = await window.fetch(`http://127.0.0.1:${server.address().port}/`);
  await response.text();
}
console.log(seen.join(' '));
process.exit(0);
JS
node --version
seen=$(node run.mjs)
echo "$seen"
[[ $seen == 'OPTIONS GET OPTIONS GET' ]]
