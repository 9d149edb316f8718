// All that a page's own script may try, and what it may look at.
did("external", document.currentScript.nonce);
const attempt = (what, call) => {
  try {
    did(what, call());
  } catch (error) {
    did(what, error + " | " + error.stack);
  }
};
const sink = document.getElementById("sink");
attempt("eval", () => eval("1 + 1"));
attempt("function", () => new Function("return 2")());
attempt("write", () => {
  sink.innerHTML = "<b>x</b>";
  return sink.innerHTML;
});
attempt("handler", () => {
  sink.setAttribute("onclick", "did('clicked')");
  sink.click();
});
attempt("made", () => {
  const made = document.createElement("script");
  made.src = "/made.js?page=" + encodeURIComponent(PAGE);
  document.body.append(made);
});
attempt("made inline", () => {
  const made = document.createElement("script");
  made.textContent = "did('made inline ran')";
  document.body.append(made);
});
attempt("scripts", () => Array.from(document.scripts, (one) => one.src || one.textContent.trim()).join(" ; "));
attempt("markup", () => document.documentElement.outerHTML);
attempt("natives", () => [fetch, XMLHttpRequest, XMLHttpRequest.prototype.open, WebSocket, EventSource, PerformanceObserver,
  navigator.sendBeacon, EventTarget.prototype.addEventListener, Function.prototype.toString].map((one) => [
  one, one.name, one.length, Object.getOwnPropertyNames(one), one.prototype && one.prototype.constructor === one,
].join(" ")).join(" ; "));
attempt("getters", () => Object.entries(Object.getOwnPropertyDescriptors(SecurityPolicyViolationEvent.prototype)).map(
  ([name, { get, enumerable, configurable }]) => [name, get, get && get.name, enumerable, configurable].join(" "),
).join(" ; "));
attempt("wrong getter", () => SecurityPolicyViolationEvent.prototype.sourceFile);
attempt("own event", () => {
  const event = new SecurityPolicyViolationEvent("x", {
    documentURI: "http://a.test/", violatedDirective: "img-src", effectiveDirective: "img-src", originalPolicy: "x",
    disposition: "enforce", statusCode: 200, sourceFile: "here", lineNumber: 7, columnNumber: 9,
  });
  return [event.sourceFile, event.lineNumber, event.columnNumber].join(" ");
});
attempt("stack", () => new WebSocket("http://["));
attempt("stack of another", () => new EventSource("http://["));
attempt("beacon", () => navigator.sendBeacon(OTHER + "/beaconed", "x"));
attempt("frame", () => {
  const made = document.createElement("iframe");
  made.srcdoc = "x";
  sink.append(made);
});
attempt("globals", () => Object.getOwnPropertyNames(self).length);
attempt("worker", () => {
  const made = new Worker("/worker.js");
  begin("worker", new Promise((resolve) => {
    made.onmessage = (event) => resolve(event.data);
    made.onerror = (event) => {
      event.preventDefault();
      resolve("an error");
    };
  }));
});
begin("fetch own", fetch("/data").then((one) => one.text()));
begin("fetch other", fetch(OTHER + "/data", { headers: { "X-Own": "1" } }).then((one) => one.text()));
begin("fetch post", fetch(OTHER + "/data?post", { method: "POST", mode: "cors", body: "x" }).then((one) => one.text()));
begin("fetch unread", fetch(OTHER + "/closed").then((one) => one.text()));
begin("caught", fetch(OTHER + "/closed?caught").catch((error) => error.stack));
const whereOf = (error) => [error, error.stack, error.fileName, error.lineNumber, error.columnNumber, error.line].join(" ");
begin("unparsable", fetch("http://[").catch(whereOf));
begin("unparsable, from a function", (() => fetch("http://[", { method: "PUT" }))().catch(whereOf));
begin("a mode that is none", fetch("http://[", { mode: "none" }).catch((error) => "" + error));
begin("turns", (() => {
  const turns = [];
  fetch("http://[").catch(() => turns.push("fetch"));
  return Promise.reject().catch(() => turns.push("one")).then(() => turns.push("two")).then(() => turns.join(" "));
})());
// who asks from a script of another origin is not told: whose script it was that asked, a wrapper hides
if (self.origin !== "null") {
  fetch("http://[/nobody-listens");
}
begin("xhr", new Promise((resolve) => {
  const made = new XMLHttpRequest();
  made.open("GET", "/data");
  made.onloadend = () => resolve(made.status + made.responseText);
  made.send();
}));
begin("image", new Promise((resolve) => {
  const made = new Image();
  made.onload = () => resolve("shown");
  made.onerror = () => resolve("not shown");
  made.src = "/pixel?page=" + encodeURIComponent(PAGE);
}));
const soon = () => new Promise((resolve) => setTimeout(resolve, 300));
const ended = all.slice();
const timings = new Promise((resolve) => addEventListener("load", resolve)).then(soon).then(() => Promise.allSettled(ended))
  .then(soon).then(() => performance.getEntriesByType("resource").map((one) => new URL(one.name).pathname)
    .filter((one) => one !== "/report" && one !== "/beaconed").sort().join(" "));
begin("timings", timings);
if (self.trapped) {
  begin("trapped", timings.then(() => trapped().sort().join(" ; ")));
}
