// What everything else uses: the data, names and marks, elements made of them, and formats.
//
// Data reaches the page through textContent and attributes that nothing executes; no markup is ever made of text, which
// the policy in the head would not allow either.

const data = JSON.parse(document.getElementById("data").textContent);
const live = data.live;
const report = document.getElementById("report");

const STATES = {
  deny: ["denied", "✕"],
  stopped: ["stopped by something else", "✕"],
  depends: ["depends on credentials", "?"],
  allow: ["allowed", "✓"],
  rule: ["allowed by a rule", "✓"],
  none: ["not CORS", "–"],
  warn: ["security finding", "!"],
  note: ["security note", "i"],
};
const ORDER = data.matrix.states;
const STAGES = { preflight: "at the preflight", actual: "at the answer", redirect: "at the redirect" };
const ROLES = {
  preflight: "preflight",
  actual: "request",
  redirect: "redirect",
  "same-origin": "same origin",
  "no-cors": "no-cors request",
  navigation: "navigation",
  websocket: "WebSocket",
  "non-browser": "no browser",
};
const MARKS = { passed: "✓", failed: "✕", "not-reached": "·", "not-asked": "–" };
const VERDICTS = { allow: "allow", deny: "deny", "not-cors": "none" };
const CHUNK = 50;
const MAX_ORIGINS = 8;
const MAX_ENDPOINTS = 40;
const MAX_CARDS = 6;

// ---- making elements ----

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(3)) {
    if (child !== null && child !== undefined && child !== false && child !== "") element.append(child);
  }
  return element;
}
const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const s = (name, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
const number = (value) => value.toLocaleString("en");
const counted = (count, one, many) => `${number(count)} ${count === 1 ? one : many || one + "s"}`;
const sign = (state, size) =>
  h("span", { class: `sign ${state} ${size || ""}`, role: "img", "aria-label": STATES[state][0] }, STATES[state][1]);
const code = (text) => h("code", {}, text);

function clock(at) {
  if (at === undefined) return "";
  const date = new Date(at * 1000);
  if (Number.isNaN(date.getTime())) return "";
  const two = (value) => String(value).padStart(2, "0");
  const millis = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${millis}`;
}
function moment(at) {
  const date = new Date((at ?? NaN) * 1000);
  if (Number.isNaN(date.getTime())) return "";
  return date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "long" });
}
function day(at) {
  const date = new Date(at * 1000);
  return date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}
function duration(ms) {
  if (ms === undefined) return "";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
function seconds(value) {
  return value < 10
    ? `${Number(value.toFixed(1))} s`
    : value < 120
      ? `${Math.round(value)} s`
      : `${Math.round(value / 60)} min`;
}
function split(url) {
  const found = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)(.*)$/i.exec(url);
  return found ? [found[1], found[2] || "/"] : ["", url];
}
const host = (origin) => origin.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "");
