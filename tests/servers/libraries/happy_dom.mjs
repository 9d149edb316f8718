// Reads {proxy, page, requests} on stdin, has happy-dom make each request, and prints what came of each as a line of JSON.
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const { Window } = await import(pathToFileURL(path.join(process.env.NODE_MODULES, "happy-dom/lib/index.js")));
let text = "";
for await (const chunk of process.stdin) text += chunk;
const told = JSON.parse(text);

// it has no setting for a proxy
const proxy = new URL(told.proxy);
const send = http.request;
http.request = (url, options, ...more) => {
  const headers = { ...options.headers, Host: new URL(url).host };
  return send({ ...options, headers, host: proxy.hostname, port: proxy.port, path: url }, ...more);
};
const window = new Window({ url: told.page });
for (const { method, url, headers, credentials, body } of told.requests) {
  let line;
  try {
    const init = { method, headers, credentials: credentials ? "include" : "same-origin", body };
    const response = await window.fetch(url, init);
    line = { passed: true, readable: [...response.headers].map((pair) => pair.join(": ")).join("\r\n") };
  } catch (error) {
    line = { passed: false, error: String(error) };
  }
  console.log(JSON.stringify(line));
}
process.exit(0);
