// Reads {proxy, page, requests} on stdin, has jsdom make each request, and prints what came of each as a line of JSON.
const path = require("node:path");
const modules = process.env.NODE_MODULES;
const jsdom = require(path.join(modules, "jsdom"));
const { ProxyAgent } = require(path.join(modules, "undici"));

function ask(window, { method, url, headers, credentials, body }) {
  return new Promise((resolve) => {
    const xhr = new window.XMLHttpRequest();
    xhr.open(method, url);
    xhr.withCredentials = credentials;
    for (const [name, value] of headers) xhr.setRequestHeader(name, value);
    xhr.onload = () => resolve({ passed: true, readable: xhr.getAllResponseHeaders() });
    xhr.onerror = () => resolve({ passed: false });
    xhr.send(body);
  });
}

(async () => {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  const { proxy, page, requests } = JSON.parse(text);
  const cookieJar = new jsdom.CookieJar();
  for (const { url } of requests) cookieJar.setCookieSync("sid=1; Path=/", url); // shows that they are included
  const resources = { dispatcher: new ProxyAgent(proxy) };
  const virtualConsole = new jsdom.VirtualConsole();
  const { window } = new jsdom.JSDOM("", { url: page, resources, cookieJar, virtualConsole });
  for (const request of requests) console.log(JSON.stringify(await ask(window, request)));
  process.exit(0);
})();
