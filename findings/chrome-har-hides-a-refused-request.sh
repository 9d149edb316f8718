#!/usr/bin/env bash
# chrome-har leaves out the request that CORS refused, and keeps its preflight.
#
# Software:  chrome-har 1.3.1 (npm), which browsertime, sitespeed.io and Puppeteer scripts make HAR files with; Node 20.
# Input:     events of the Chrome DevTools Protocol, as Chromium 156 sends them (shortened): a page, a preflight that
#            passes, and the PUT it was sent for, which is answered 200 without Access-Control-Allow-Origin. The
#            browser reports that answer's status and headers (Network.responseReceivedExtraInfo), then
#            Network.loadingFailed with net::ERR_FAILED and corsErrorStatus MissingAllowOriginHeader.
# Surprise:  the HAR holds page and preflight, and no PUT: as if the preflight had been refused, although it was the
#            PUT's answer. Of a HAR by this writer nothing may be concluded from a request that is missing.
#            Besides, each header that both requestWillBeSent and requestWillBeSentExtraInfo name stands twice.
# Seen:      GET 200 /, OPTIONS 204 /items/1 | user-agent of the page's request: 2 times
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund chrome-har@1.3.1

cat >run.mjs <<'JS'
import { harFromMessages } from 'chrome-har';

const frame = 'F1', page = 'https://app.example.com/', api = 'https://api.example.com/items/1';
const agent = { 'User-Agent': 'Mozilla/5.0 Chrome/156.0.0.0' };
let now = 100;
const sent = (requestId, type, method, url, more = {}) => ({
  method: 'Network.requestWillBeSent',
  params: {
    requestId, loaderId: 'L1', documentURL: page, type, frameId: frame, timestamp: (now += 0.01),
    wallTime: 1795891391 + now, initiator: { type: 'other' }, redirectHasExtraInfo: false, hasUserGesture: false,
    request: { url, method, headers: agent, initialPriority: 'High', referrerPolicy: 'no-referrer', mixedContentType: 'none' },
    ...more,
  },
});
const sentExtra = (requestId, headers) => ({
  method: 'Network.requestWillBeSentExtraInfo',
  params: { requestId, associatedCookies: [], headers: { ...agent, ...headers }, connectTiming: { requestTime: now } },
});
const receivedExtra = (requestId, statusCode, headers) => ({
  method: 'Network.responseReceivedExtraInfo',
  params: { requestId, blockedCookies: [], headers, resourceIPAddressSpace: 'Public', statusCode },
});
const received = (requestId, type, url, status, headers) => ({
  method: 'Network.responseReceived',
  params: {
    requestId, loaderId: 'L1', frameId: frame, type, timestamp: (now += 0.01), hasExtraInfo: true,
    response: {
      url, status, statusText: '', headers, mimeType: 'text/html', protocol: 'http/1.1', connectionId: 1,
      connectionReused: false, encodedDataLength: 100, securityState: 'secure', fromDiskCache: false,
      timing: {
        requestTime: now - 0.005, proxyStart: -1, proxyEnd: -1, dnsStart: -1, dnsEnd: -1, connectStart: -1,
        connectEnd: -1, sslStart: -1, sslEnd: -1, sendStart: 0, sendEnd: 0, receiveHeadersEnd: 4,
      },
    },
  },
});
const finished = (requestId) => ({
  method: 'Network.loadingFinished', params: { requestId, timestamp: (now += 0.01), encodedDataLength: 100 },
});
const origin = { Origin: 'https://app.example.com' };
const allows = { 'Access-Control-Allow-Origin': origin.Origin, 'Access-Control-Allow-Methods': 'PUT' };

const har = harFromMessages([
  { method: 'Page.frameStartedLoading', params: { frameId: frame } },
  sent('L1', 'Document', 'GET', page),
  sentExtra('L1', {}),
  receivedExtra('L1', 200, {}),
  received('L1', 'Document', page, 200, {}),
  finished('L1'),
  sent('R1', 'Fetch', 'PUT', api),
  sent('P1', 'Preflight', 'OPTIONS', api, { initiator: { type: 'preflight', requestId: 'R1', url: page } }),
  sentExtra('P1', { ...origin, 'Access-Control-Request-Method': 'PUT' }),
  receivedExtra('P1', 204, allows),
  received('P1', 'Preflight', api, 204, allows),
  finished('P1'),
  sentExtra('R1', origin),
  receivedExtra('R1', 200, { 'Content-Type': 'application/json' }),
  {
    method: 'Network.loadingFailed',
    params: {
      requestId: 'R1', timestamp: (now += 0.01), type: 'Fetch', errorText: 'net::ERR_FAILED', canceled: false,
      corsErrorStatus: { corsError: 'MissingAllowOriginHeader', failedParameter: '' },
    },
  },
]);
const entries = har.log.entries;
const names = entries[0].request.headers.map(({ name }) => name.toLowerCase());
console.log(
  entries.map(({ request, response }) => `${request.method} ${response.status} ${new URL(request.url).pathname}`).join(', ') +
    ` | user-agent of the page's request: ${names.filter((name) => name === 'user-agent').length} times`,
);
JS
seen=$(node run.mjs)
echo "node $(node --version), chrome-har $(node -p 'require("./node_modules/chrome-har/package.json").version')"
echo "$seen"
[[ $seen == "GET 200 /, OPTIONS 204 /items/1 | user-agent of the page's request: 2 times" ]]
