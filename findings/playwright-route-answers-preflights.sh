#!/usr/bin/env bash
# With a route that only passes requests on, Playwright answers CORS preflights itself, and allows everything.
#
# Software:  playwright-core 1.65.1 (npm), driving the machine's Chromium (CHROMIUM names another); Node 20.
# Input:     a page that sends a cross-origin PUT to a server that refuses its preflight (OPTIONS: 403, no CORS headers)
#            and answers the PUT itself with Access-Control-Allow-Origin. Once as it is, once with
#            page.route("**/*", route => route.continue()).
# Surprise:  as it is, the browser asks OPTIONS, and the fetch fails, as for every user. With the route the server never
#            sees OPTIONS; the PUT is sent, and the page reads its answer. A test suite that has any route, for
#            analytics or fonts say, passes on a server whose preflights are broken, and its trace and HAR show none.
# Seen:      without a route: TypeError; server saw OPTIONS | with one: 200; server saw PUT
set -euo pipefail

chromium=$(command -v "${CHROMIUM:-chromium}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund playwright-core@1.65.1

cat >run.mjs <<'JS'
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const methods = [];
const listen = (answer) => new Promise((ready) => {
  const server = createServer(answer).listen(0, '127.0.0.1', () => ready([server, `http://127.0.0.1:${server.address().port}`]));
});
const [pages, page] = await listen((request, response) => {
  response.setHeader('Content-Type', 'text/html');
  response.end('<!doctype html><title>page</title>');
});
const [api, target] = await listen((request, response) => {
  methods.push(request.method);
  if (request.method === 'OPTIONS') response.statusCode = 403;
  else response.setHeader('Access-Control-Allow-Origin', page);
  response.end();
});
const browser = await chromium.launch({ executablePath: process.argv[2], args: ['--no-sandbox'] });
const put = async (routed) => {
  const tab = await browser.newPage();
  if (routed) await tab.route('**/*', (route) => route.continue());
  await tab.goto(page);
  methods.length = 0;
  const outcome = await tab.evaluate(
    (url) => fetch(url, { method: 'PUT' }).then((response) => String(response.status), (error) => error.name),
    `${target}/items/1`,
  );
  await tab.close();
  return `${outcome}; server saw ${methods.join(' ')}`;
};
console.log(`without a route: ${await put(false)} | with one: ${await put(true)}`);
await browser.close();
pages.close();
api.close();
JS
seen=$(node run.mjs "$chromium")
echo "$("$chromium" --version 2>/dev/null | cut -d' ' -f1-2), playwright-core $(node -p 'require("./node_modules/playwright-core/package.json").version'), node $(node --version)"
echo "$seen"
[[ $seen == "without a route: TypeError; server saw OPTIONS | with one: 200; server saw PUT" ]]
