// What a page on an origin without TLS asks its own server, header by header as Chromium sends it.
import http from "node:http";
import { pathToFileURL } from "node:url";

export function ask(port, path, method, agent, host) {
  const body = method === "GET" ? [] : ["Content-Length", "2"];
  const own = method === "GET" ? [] : ["Content-Type", "application/json", "Origin", `http://${host}`];
  const before = ["Host", host, "Connection", "keep-alive", ...body, "User-Agent", agent, "Accept", "*/*", ...own];
  const after = ["Referer", `http://${host}/page`, "Accept-Encoding", "gzip, deflate", "Accept-Language", "en-US,en;q=0.9"];
  return new Promise((done, fail) => {
    const asked = http.request({ host: "127.0.0.1", port, path, method, headers: [...before, ...after] }, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode < 400 ? done() : fail(new Error(`${path}: ${answer.statusCode}`))));
    });
    asked.on("error", fail);
    asked.end(method === "GET" ? undefined : "{}");
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [port, host, ...all] = process.argv.slice(2);
  for (const each of all) await ask(Number(port), each.split(" ")[1], each.split(" ")[0], process.env.AGENT, host);
}
