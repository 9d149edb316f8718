// Minimal applications of Node's CORS implementations: `node node.mjs NAME PORT`. All allow the one page's origin, GET
// and POST, and the header content-type; NODE_MODULES is the folder with the packages.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [, , name, portText] = process.argv;
const port = Number(portText);
const host = "127.0.0.1";
const origin = "https://app.example.com";
const require = createRequire(`${process.env.NODE_MODULES}/`);
const load = async (path) => {
  const made = await import(pathToFileURL(require.resolve(path)));
  return made.default && Object.keys(made).length === 1 ? made.default : { ...made.default, ...made };
};
const options = { origin: [origin, "https://two.example.com"], methods: ["GET", "POST"], allowedHeaders: ["content-type"] };

const express = (cors) => {
  const app = require("express")();
  if (cors) app.use(require("cors")(cors));
  app.all("/api/items", (req, res) => res.json({ ok: true }));
  app.listen(port, host);
};
const byHand = (end) => {
  const app = require("express")();
  app.use((req, res, next) => {
    if (req.headers.origin === origin) res.header("Access-Control-Allow-Origin", origin);
    res.vary("Origin");
    res.header("Access-Control-Allow-Methods", "GET,POST");
    res.header("Access-Control-Allow-Headers", "content-type");
    return req.method === "OPTIONS" ? end(res) : next();
  });
  app.all("/api/items", (req, res) => res.json({ ok: true }));
  app.listen(port, host);
};
const fastify = async (cors) => {
  const app = require("fastify")();
  await app.register(require("@fastify/cors"), cors);
  for (const method of ["GET", "POST"]) app.route({ method, url: "/api/items", handler: async () => ({ ok: true }) });
  await app.listen({ port, host });
};
const hono = async (more) => {
  const { Hono } = await load("hono");
  const { cors } = await load("hono/cors");
  const { serve } = await load("@hono/node-server");
  const app = new Hono();
  app.use("*", cors({ origin: options.origin, allowMethods: options.methods, allowHeaders: ["content-type"], ...more }));
  app.all("/api/items", (c) => c.json({ ok: true }));
  serve({ fetch: app.fetch, port, hostname: host });
};
const koa = async (cors) => {
  const Koa = require("koa");
  const app = new Koa();
  app.use(require("@koa/cors")(cors));
  app.use(async (ctx, next) => (ctx.path === "/api/items" ? (ctx.body = { ok: true }) : next()));
  app.listen(port, host);
};
const socket = (more) => {
  const { Server } = require("socket.io");
  const http = require("node:http").createServer((req, res) => res.writeHead(404).end());
  new Server(http, more);
  http.listen(port, host);
};
const nest = async (enable) => {
  require("reflect-metadata");
  const { NestFactory } = require("@nestjs/core");
  const { Module, Controller, Get } = require("@nestjs/common");
  class Items { list() { return { ok: true }; } }
  Get("items")(Items.prototype, "list", Object.getOwnPropertyDescriptor(Items.prototype, "list"));
  Controller("api")(Items);
  class App {}
  Module({ controllers: [Items] })(App);
  const app = await NestFactory.create(App, { logger: false });
  if (enable) app.enableCors(enable);
  await app.listen(port, host);
};
const wrong = (asked, callback) =>
  asked === origin ? callback(null, true) : callback(new Error("Not allowed by CORS"));

const apps = {
  express: () => express(options),
  "express string": () => express({ ...options, origin }),
  "express error": () => express({ ...options, origin: wrong }),
  "express default": () => express({ origin: options.origin }),
  "express without": () => express(null),
  "express hand": () => byHand((res) => res.sendStatus(200)),
  "express hand 204": () => byHand((res) => res.sendStatus(204)),
  "express hand end": () => byHand((res) => res.end()),
  fastify: () => fastify(options),
  "fastify error": () => fastify({ ...options, origin: wrong }),
  hono: () => hono({}),
  "hono credentials": () => hono({ credentials: true, maxAge: 600 }),
  koa: () => koa({ origin, allowMethods: ["GET", "POST"], allowHeaders: ["content-type"] }),
  "koa function": () =>
    koa({ origin: (ctx) => (options.origin.includes(ctx.get("Origin")) ? ctx.get("Origin") : ""), allowMethods: "GET,POST" }),
  h3: async () => {
    const { H3, handleCors, serve, HTTPError } = await load("h3");
    const app = new H3();
    app.use((event) => {
      const made = handleCors(event, { origin: options.origin, methods: ["GET", "POST"], allowHeaders: ["content-type"] });
      if (made !== false && made !== undefined) return made;
    });
    app.all("/api/items", () => ({ ok: true }));
    serve(app, { port, hostname: host });
  },
  hapi: async () => {
    const server = require("@hapi/hapi").server({ port, host, routes: { cors: { origin: options.origin } } });
    for (const method of ["GET", "POST"]) server.route({ method, path: "/api/items", handler: () => ({ ok: true }) });
    await server.start();
  },
  restify: () => {
    const server = require("restify").createServer();
    const cors = require("restify-cors-middleware2")({ origins: options.origin, allowHeaders: ["content-type"] });
    server.pre(cors.preflight);
    server.use(cors.actual);
    server.get("/api/items", async (req, res) => res.send({ ok: true }));
    server.post("/api/items", async (req, res) => res.send({ ok: true }));
    server.listen(port, host);
  },
  "socket.io": () => socket({ cors: { ...options } }),
  "socket.io without": () => socket({}),
  nestjs: () => nest(options),
  "nestjs without": () => nest(null),
  "vite list": async () => {
    const { createServer } = await load("vite");
    const server = { port, host, cors: options };
    await (await createServer({ root: ".", configFile: false, logLevel: "silent", server })).listen();
  },
  "webpack-dev-server": async () => {
    const compiler = require("webpack")({ mode: "development", entry: {}, context: process.cwd() });
    const Server = require("webpack-dev-server");
    await new Server({ port, host, hot: false, client: false, setupExitSignals: false }, compiler).start();
  },
  "mcp-typescript": () => {
    const { StreamableHTTPServerTransport } = require("@modelcontextprotocol/sdk/server/streamableHttp.js");
    const { Server } = require("@modelcontextprotocol/sdk/server/index.js");
    require("node:http")
      .createServer(async (req, res) => {
        const transport = new StreamableHTTPServerTransport({
          sessionIdGenerator: undefined, enableDnsRebindingProtection: true, allowedOrigins: options.origin,
        });
        await new Server({ name: "x", version: "1" }, { capabilities: {} }).connect(transport);
        await transport.handleRequest(req, res);
      })
      .listen(port, host);
  },
};
await apps[name]();
