#!/usr/bin/env bash
# jsdom refuses a preflight whose Access-Control-Allow-Headers comes in two lines.
#
# Software:  jsdom 29.1.1 (npm), in which Jest and others run tests of pages; Node 20.
# Input:     a page's XMLHttpRequest with the headers x-a and x-b to another origin, whose preflight is answered
#              Access-Control-Allow-Headers: x-a
#              Access-Control-Allow-Headers: x-b
#            Servers with two middlewares write that. Lines of one name are one list
#            (https://httpwg.org/specs/rfc9110.html#field.lines), and browsers send the request.
# Surprise:  the request is never sent, and the page gets status 0; with "x-a, x-b" in one line it gets 200.
# Seen:      one line: 200, asked 1 time; two lines: 0, asked 0 times.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund jsdom@29.1.1

cat >run.mjs <<'JS'
import http from 'node:http';
import { JSDOM } from 'jsdom';

async function status(allowed) {
  let asked = 0;
  const server = http.createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', 'http://page.example');
    if (request.method === 'OPTIONS') response.setHeader('Access-Control-Allow-Headers', allowed);
    else asked += 1;
    response.end();
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { window } = new JSDOM('', { url: 'http://page.example/' });
  window.console.error = () => {};
  const request = new window.XMLHttpRequest();
  request.open('GET', `http://127.0.0.1:${server.address().port}/`);
  request.setRequestHeader('x-a', '1');
  request.setRequestHeader('x-b', '1');
  await new Promise((done) => { request.onloadend = done; request.send(); });
  server.close();
  server.closeAllConnections();
  return `${request.status}, asked ${asked} time${asked === 1 ? '' : 's'}`;
}
console.log(`one line: ${await status('x-a, x-b')}`);
console.log(`two lines: ${await status(['x-a', 'x-b'])}`);
process.exit(0);
JS
node --version
seen=$(node run.mjs 2>/dev/null)
echo "$seen"
[[ $seen == $'one line: 200, asked 1 time\ntwo lines: 0, asked 0 times' ]]
