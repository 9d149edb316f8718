// What each script of a page needs to tell what it did. PAGE is the page's name; the first script that may run sets it up.
if (!self.did) {
  self.did = (what, value) => {
    parent.postMessage({ page: PAGE, did: what + (value === undefined ? "" : ": " + value) }, "*");
  };
  const all = self.all = [];
  self.begin = (what, promise) => {
    parent.postMessage({ page: PAGE, begun: 1 }, "*");
    const end = (value) => {
      did(what, value);
      parent.postMessage({ page: PAGE, begun: -1 }, "*");
    };
    all.push(promise);
    promise.then((value) => end("is " + value), (error) => end("fails, " + error));
  };
  addEventListener("securitypolicyviolation", (event) => {
    // what the policy says of this very script may be told before it listens
    if (!event.blockedURI.includes("helper.js")) {
      did("violation", [event.effectiveDirective, event.blockedURI, event.disposition, event.sourceFile, event.lineNumber,
        event.columnNumber, event.sample].join(" "));
    }
  });
  addEventListener("error", (event) => {
    did("error", [event.message, event.filename, event.lineno, event.colno].join(" "));
  });
  addEventListener("unhandledrejection", (event) => did("unhandled", event.reason));
}
