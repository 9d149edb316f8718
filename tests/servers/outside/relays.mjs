// Dev servers' proxies: they hand on what a page on their own origin asked by http, where browsers say no Sec-Fetch-Site.
import http from "node:http";
import { writeFileSync } from "node:fs";
import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware";
import httpProxy from "http-proxy";
import webpack from "webpack";
import WebpackDevServer from "webpack-dev-server";
import { ask } from "./asking.mjs";

const { API, AGENT, FOLDER, PORTS } = process.env;
const [middleware, bare, webpacks] = PORTS.split(" ").map(Number);
const app = express();
app.use("/plain", createProxyMiddleware({ target: `${API}/middleware/plain`, changeOrigin: true }));
app.use("/kept", createProxyMiddleware({ target: `${API}/middleware/kept` }));
app.use("/told", createProxyMiddleware({ target: `${API}/middleware/told`, changeOrigin: true, xfwd: true }));
await new Promise((done) => app.listen(middleware, "127.0.0.1", done));
const proxy = httpProxy.createProxyServer({ target: `${API}/http-proxy`, changeOrigin: true });
await new Promise((done) => http.createServer((asked, answer) => proxy.web(asked, answer)).listen(bare, "127.0.0.1", done));
writeFileSync(`${FOLDER}/index.js`, "");
const compiler = webpack({ mode: "development", context: FOLDER, entry: "./index.js", infrastructureLogging: { level: "none" } });
const rule = { context: ["/api"], target: `${API}/webpack`, changeOrigin: true };
await new WebpackDevServer({ port: webpacks, host: "127.0.0.1", allowedHosts: "all", proxy: [rule] }, compiler).start();
const places = [[middleware, "/plain"], [middleware, "/kept"], [middleware, "/told"], [bare, ""], [webpacks, "/api"]];
for (const [port, path] of places) {
  for (const method of ["POST", "PUT"]) await ask(port, `${path}/items`, method, AGENT, `dev.example.test:${port}`);
}
process.exit(0);
