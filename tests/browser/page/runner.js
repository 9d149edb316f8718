// Runs one step of a case in a page, a frame or a worker, and tells what script could see of it.
//
// The page loads this once. `runStep(ctx, step)` is what a driver calls in the page; frames and workers load the same
// file and are spoken to by messages. A step is the JSON of cases.Step with its first URL filled in as `url`.
"use strict";

const TIMEOUT = 8000;
const isWorker = typeof document === "undefined";
const contexts = {};
let nextMessage = 1;

function bodyOf(step) {
  switch (step.body) {
    case "text": return "x=1";
    case "blob": return new Blob(["x"], { type: step.body_type });
    case "form": { const form = new FormData(); form.append("a", "1"); return form; }
    case "params": return new URLSearchParams({ a: "1" });
    case "buffer": return new Uint8Array([120, 121]).buffer;
    case "stream": return new ReadableStream({
      start(controller) { controller.enqueue(new TextEncoder().encode("x")); controller.close(); },
    });
    default: return undefined;
  }
}

async function runFetch(step) {
  const init = {
    method: step.method, credentials: step.credentials, mode: step.mode, redirect: step.redirect, cache: step.cache,
  };
  if (step.headers.length) { init.headers = new Headers(); for (const [n, v] of step.headers) init.headers.append(n, v); }
  if (step.body) { init.body = bodyOf(step); }
  if (step.body === "stream") init.duplex = "half";
  if (step.keepalive) init.keepalive = true;
  if (step.referrer_policy) init.referrerPolicy = step.referrer_policy;
  const response = await fetch(step.url, init);
  const seen = { js: "resolved", response_type: response.type, js_status: response.status,
                 exposed: [...response.headers.keys()] };
  await response.text().catch(() => {});
  return seen;
}

function runXhr(step) {
  return new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open(step.method, step.url, !step.sync);
    xhr.withCredentials = step.credentials === "include";
    for (const [n, v] of step.headers) xhr.setRequestHeader(n, v);
    if (step.upload_listener) xhr.upload.addEventListener("progress", () => {});
    xhr.onload = () => resolve({
      js: "resolved", js_status: xhr.status,
      exposed: xhr.getAllResponseHeaders().split("\r\n").filter(Boolean).map((line) => line.split(":")[0].toLowerCase()),
    });
    xhr.onerror = () => resolve({ js: "rejected", detail: "error event" });
    xhr.onabort = () => resolve({ js: "rejected", detail: "abort event" });
    xhr.send(step.body ? bodyOf(step) : null);
  });
}

function element(tag, attributes, urlName, step) {
  return new Promise((resolve) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (step.crossorigin !== null) node.setAttribute("crossorigin", step.crossorigin);
    node.onload = () => { resolve({ js: "resolved", response_type: "load" }); node.remove(); };
    node.onerror = () => { resolve({ js: "rejected", detail: "error event" }); node.remove(); };
    node[urlName] = step.url;
    document.head.append(node);
  });
}

function media(step) {
  return new Promise((resolve) => {
    const video = document.createElement("video");
    if (step.crossorigin !== null) video.setAttribute("crossorigin", step.crossorigin);
    const finish = (seen) => { resolve(seen); video.remove(); };
    let node = video;
    if (step.api === "track") {
      node = document.createElement("track");
      node.default = true;
      video.append(node);
    } else {
      video.preload = "auto";
    }
    node.onload = node.onloadeddata = () => finish({ js: "resolved", response_type: "load" });
    node.onerror = () => finish({ js: "rejected", detail: "error event" });
    node.src = step.url;
    document.body.append(video);
    if (step.api === "track") node.track.mode = "showing";
  });
}

function runEventSource(step) {
  return new Promise((resolve) => {
    const source = new EventSource(step.url, { withCredentials: step.credentials === "include" });
    source.onopen = () => { source.close(); resolve({ js: "resolved", response_type: "open" }); };
    source.onerror = () => { source.close(); resolve({ js: "rejected", detail: "error event" }); };
  });
}

function runFrame(step) {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.name = "f" + nextMessage++;
    const finish = () => { resolve({ js: "resolved", response_type: "load" }); setTimeout(() => frame.remove(), 200); };
    if (step.api === "nav") {
      frame.onload = finish;
      frame.src = step.url;
      document.body.append(frame);
    } else {
      document.body.append(frame);
      const form = document.createElement("form");
      form.method = step.method;
      form.action = step.url;
      form.target = frame.name;
      if (step.body_type && step.method === "POST") form.enctype = step.body_type;
      const input = document.createElement("input");
      input.name = "a";
      input.value = "1";
      form.append(input);
      document.body.append(form);
      frame.onload = finish;
      form.submit();
      form.remove();
    }
    setTimeout(finish, 2500);
  });
}

function runHere(step) {
  switch (step.api) {
    case "fetch": return runFetch(step);
    case "xhr": return runXhr(step);
    case "img": return element("img", {}, "src", step);
    case "script": return element("script", {}, "src", step);
    case "module": return element("script", { type: "module" }, "src", step);
    case "import": return import(step.url).then(() => ({ js: "resolved", response_type: "load" }));
    case "modulepreload": return element("link", { rel: "modulepreload" }, "href", step);
    case "worklet": return new OfflineAudioContext(1, 1, 44100).audioWorklet.addModule(step.url)
      .then(() => ({ js: "resolved", response_type: "load" }));
    case "video":
    case "track": return media(step);
    case "css": return element("link", { rel: "stylesheet" }, "href", step);
    case "preload": return element("link", { rel: "preload", as: step.preload_as }, "href", step);
    case "font": return new FontFace("f" + nextMessage++, `url("${step.url}")`).load()
      .then(() => ({ js: "resolved", response_type: "load" }));
    case "eventsource": return runEventSource(step);
    case "beacon": return Promise.resolve(
      { js: "unknown", response_type: "beacon " + navigator.sendBeacon(step.url, bodyOf(step)) });
    case "nav":
    case "form": return runFrame(step);
    default: return Promise.reject(new Error("no such api: " + step.api));
  }
}

async function guarded(step) {
  const late = new Promise((resolve) => setTimeout(() => resolve({ js: "timeout" }), TIMEOUT));
  try {
    return await Promise.race([runHere(step), late]);
  } catch (error) {
    return { js: "rejected", detail: String(error) };
  }
}

function answerMessages(port) {
  port.addEventListener("message", async (event) => {
    if (!event.data || !event.data.step) return;
    const seen = await guarded(event.data.step);
    (event.source || port).postMessage({ id: event.data.id, seen }, ...(isWorker ? [] : ["*"]));
  });
}

function makeContext(ctx) {
  if (ctx === "worker" || ctx === "blob") {
    const source = new URL("/runner.js", location.href).href;
    const blob = new Blob([`importScripts("${source}")`], { type: "text/javascript" });
    const worker = new Worker(ctx === "blob" ? URL.createObjectURL(blob) : source);
    return Promise.resolve({ send: (message) => worker.postMessage(message), from: worker });
  }
  const frame = document.createElement("iframe");
  if (ctx === "sandbox") frame.setAttribute("sandbox", "allow-scripts");
  if (ctx === "srcdoc") {
    frame.srcdoc = `<meta charset=utf-8><body><script src="/runner.js"><` + "/script>";
  } else if (ctx === "data") {
    const source = new URL("/runner.js", location.href).href;
    frame.src = "data:text/html," + encodeURIComponent(`<meta charset=utf-8><body><script src="${source}"><` + "/script>");
  } else {
    frame.src = "/frame";
  }
  return new Promise((resolve) => {
    frame.onload = () => resolve({ send: (message) => frame.contentWindow.postMessage(message, "*"), from: window });
    document.body.append(frame);
  });
}

async function runStep(ctx, step) {
  if (ctx === "page") return guarded(step);
  contexts[ctx] ||= makeContext(ctx);
  const context = await contexts[ctx];
  const id = nextMessage++;
  return new Promise((resolve) => {
    const listen = (event) => {
      if (event.data && event.data.id === id && event.data.seen) {
        context.from.removeEventListener("message", listen);
        resolve(event.data.seen);
      }
    };
    context.from.addEventListener("message", listen);
    setTimeout(() => resolve({ js: "timeout" }), TIMEOUT + 1000);
    context.send({ id, step });
  });
}

// Run several steps at once, each after its wait; what each of them saw.
function runTogether(caseCtx, steps) {
  return Promise.all(steps.map(async (step) => {
    if (step.wait) await new Promise((resolve) => setTimeout(resolve, step.wait * 1000));
    return runStep(step.ctx || caseCtx, step);
  }));
}

// Ask every server for its cookie; a failure does not matter, the harness knows which cookies it may count on.
async function prime(urls) {
  for (const url of urls) await fetch(url, { mode: "no-cors", credentials: "include" }).catch(() => {});
}

if (isWorker || window !== window.parent) answerMessages(self);
