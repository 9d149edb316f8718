// Makes one load in a case's page, and tells what the page sees of it. The driver evaluates this there, so that no
// policy of the page is in its way. `runLoad(asked)` takes what `NearCase.asked` gives.
(() => {
  const violations = [], messages = [];
  document.addEventListener("securitypolicyviolation", (event) => violations.push({
    directive: event.effectiveDirective, uri: event.blockedURI, disposition: event.disposition,
  }));
  addEventListener("message", (event) => { if (event.data === "framed") messages.push(event.data); });
  const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const late = (milliseconds) => sleep(milliseconds).then(() => ({ outcome: "no-event" }));

  function element(tag, attributes, parent, events = ["load", "error"]) {
    return new Promise((resolve) => {
      const node = document.createElement(tag);
      for (const name of events) {
        node.addEventListener(name, () => resolve({ outcome: name === "error" ? "error" : "load" }), { once: true });
      }
      for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, value);
      (parent || document.body).append(node);
    });
  }

  async function framed(asked, loading) {  // a blocked frame fires load, too: only the child's message proves it
    const seen = await Promise.race([loading, late(2000)]);
    for (let i = 0; i < 12 && !messages.length && asked.frame; i++) await sleep(25);
    return { ...seen, framed: messages.length > 0 };
  }

  async function viaFetch(asked) {
    const init = { mode: asked.loader.slice("fetch-".length), credentials: asked.credentials };
    let response;
    try { response = await fetch(asked.url, init); } catch (error) { return { outcome: "rejected", error: String(error) }; }
    await response.arrayBuffer().catch(() => {});
    return { outcome: "resolved", type: response.type };
  }

  function viaWorker(url, heard, options) {
    return Promise.race([late(2500), new Promise((resolve) => {
      try {
        const worker = new Worker(url, options);
        worker.onmessage = (event) => heard(worker, event.data, resolve);
        worker.onerror = (event) => resolve({ outcome: "error", error: String(event.message) });
      } catch (error) {
        resolve({ outcome: "error", error: "throw " + error });
      }
    })]);
  }

  function viaSharedWorker(asked, options) {
    return Promise.race([late(3000), new Promise((resolve) => {
      try {
        const worker = new SharedWorker(asked.url, options);
        worker.port.onmessage = () => resolve({ outcome: "load", ran: 1 });
        worker.onerror = (event) => resolve({ outcome: "error", error: String(event.message) });
      } catch (error) {
        resolve({ outcome: "error", error: "throw " + error });
      }
    })]);
  }

  async function viaServiceWorker(asked) {
    try {
      const registration = await navigator.serviceWorker.register(asked.url);
      await registration.unregister();
      return { outcome: "load", ran: 1 };
    } catch (error) {
      return { outcome: "error", error: String(error) };
    }
  }

  const loaded = (promise) => promise.then(() => ({ outcome: "load" }), (error) => ({ outcome: "error", error: String(error) }));

  function imported(asked, options) {  // by a script of the page's: what is evaluated has no referrer
    const node = document.createElement("script");
    node.textContent = `self.__imported = import(${JSON.stringify(asked.url)}, ${JSON.stringify(options)})`;
    document.head.append(node);
    return self.__imported ? loaded(self.__imported) : { outcome: "error", error: "no inline script" };
  }

  async function viaSheet(asked) {
    const seen = await element("link", { rel: "stylesheet", crossorigin: null, href: asked.sheet }, document.head);
    document.fonts.load("1em f1").catch(() => {});
    await sleep(asked.loader === "css-in-css" ? 0 : 500);
    return { ...seen, ...applied() };
  }

  function probed(style) {
    document.getElementById("probe").style.cssText = style;
    return late(500);
  }

  async function inFrame(asked) {
    const seen = await Promise.race([element("iframe", { src: asked.middle }), late(2000)]);
    for (let i = 0; i < 12 && !messages.length; i++) await sleep(25);
    return { ...seen, framed: messages.length > 0 };
  }

  function viaEventSource(asked) {
    return new Promise((resolve) => {
      const source = new EventSource(asked.url, { withCredentials: asked.credentials === "include" });
      source.onopen = () => { source.close(); resolve({ outcome: "load" }); };
      source.onerror = () => { source.close(); resolve({ outcome: "error" }); };
    });
  }

  const ran = () => ({ ran: self.__ran || 0 });
  const applied = () => ({ applied: getComputedStyle(document.getElementById("probe")).zIndex === "7" });

  const loaders = {
    "fetch-cors": viaFetch, "fetch-no-cors": viaFetch, "fetch-same-origin": viaFetch,
    img: (asked) => element("img", { crossorigin: asked.crossorigin, src: asked.url }),
    script: async (asked) => ({
      ...await element("script", { crossorigin: asked.crossorigin, src: asked.url }), ...ran(),
    }),
    module: async (asked) => ({
      ...await element("script", { type: "module", crossorigin: asked.crossorigin, src: asked.url }), ...ran(),
    }),
    css: async (asked) => ({
      ...await element("link", { rel: "stylesheet", crossorigin: asked.crossorigin, href: asked.url }, document.head),
      ...applied(),
    }),
    iframe: (asked) => framed(asked, element("iframe", { src: asked.url })),
    object: (asked) => framed(asked, element("object", { data: asked.url })),
    embed: (asked) => framed(asked, element("embed", { src: asked.url })),
    video: (asked) => element("video", { preload: "auto", crossorigin: asked.crossorigin, src: asked.url }, null,
      ["loadedmetadata", "error"]),
    audio: (asked) => element("audio", { preload: "auto", crossorigin: asked.crossorigin, src: asked.url }, null,
      ["loadedmetadata", "error"]),
    font: (asked) => new FontFace("f1", `url("${asked.url}")`).load()
      .then(() => ({ outcome: "load" }), (error) => ({ outcome: "error", error: String(error) })),
    worker: (asked) => viaWorker(asked.url, (_worker, _data, resolve) => resolve({ outcome: "load", ran: 1 })),
    importscripts: (asked) => viaWorker(asked.worker, (worker, data, resolve) => {
      if (data === "ready") worker.postMessage(asked.url);
      else if (data === "imported") resolve({ outcome: "load", ran: 1 });
      else if (data !== "ran") resolve({ outcome: "error", error: String(data) });
    }),
    sharedworker: (asked) => viaSharedWorker(asked),
    "sharedworker-module": (asked) => viaSharedWorker(asked, { type: "module" }),
    serviceworker: viaServiceWorker,
    "worker-module": (asked) => viaWorker(asked.url,
      (_worker, _data, resolve) => resolve({ outcome: "load", ran: 1 }), { type: "module" }),
    audioworklet: (asked) => loaded(new OfflineAudioContext(1, 128, 44100).audioWorklet.addModule(asked.url)),
    "worker-fetch": (asked) => viaWorker(asked.worker, (worker, data, resolve) => {
      const mode = asked.loader.slice("worker-fetch-".length);
      if (data === "ready") worker.postMessage([asked.url, { mode, credentials: asked.credentials }]);
      else if (data === "imported") resolve({ outcome: "resolved" });
      else resolve({ outcome: "rejected", error: String(data) });
    }),
    import: (asked) => imported(asked, {}),
    "json-module": (asked) => imported(asked, { with: { type: "json" } }),
    "css-module": (asked) => imported(asked, { with: { type: "css" } }),
    "css-import": async (asked) => {
      const node = document.createElement("style");
      const seen = new Promise((resolve) => {
        node.onload = () => resolve({ outcome: "load" });
        node.onerror = () => resolve({ outcome: "error" });
      });
      node.textContent = `@import url("${asked.url}");`;
      document.head.append(node);
      return { ...await seen, ...applied() };
    },
    "css-in-css": viaSheet, "image-in-css": viaSheet, "font-in-css": viaSheet,
    "css-image": (asked) => probed(`background-image:url("${asked.url}")`),
    "css-mask": (asked) => probed(`width:9px;height:9px;mask-image:url("${asked.url}")`),
    poster: (asked) => (element("video", { poster: asked.url }), late(500)),
    "input-image": (asked) => element("input", { type: "image", src: asked.url }),
    "svg-image": (asked) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", "image");
      const seen = new Promise((resolve) => {
        node.addEventListener("load", () => resolve({ outcome: "load" }));
        node.addEventListener("error", () => resolve({ outcome: "error" }));
      });
      node.setAttribute("href", asked.url);
      const root = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      root.append(node);
      document.body.append(root);
      return seen;
    },
    track: (asked) => {
      const video = document.createElement("video");
      if (asked.crossorigin !== null) video.setAttribute("crossorigin", asked.crossorigin);
      document.body.append(video);
      const seen = element("track", { kind: "subtitles", default: "", src: asked.url }, video);
      video.lastChild.track.mode = "hidden";
      return seen;
    },
    eventsource: viaEventSource,
    preload: (asked) => element("link",
      { rel: "preload", as: asked.as, crossorigin: asked.crossorigin, href: asked.url }, document.head),
    modulepreload: (asked) => element("link",
      { rel: "modulepreload", crossorigin: asked.crossorigin, href: asked.url }, document.head),
    prefetch: (asked) => element("link", { rel: "prefetch", href: asked.url }, document.head),
  };

  self.runLoad = async (asked) => {
    const loader = asked.middle ? inFrame : loaders[asked.loader] || loaders[asked.loader.replace(/-(no-)?cors$/, "")];
    let seen;
    if (asked.markup) {  // it stands in the document, and was loaded with that or was not
      seen = { outcome: "markup", ...ran(), ...applied() };
    } else {
      try { seen = await Promise.race([loader(asked), late(3000)]); } catch (error) {
        seen = { outcome: "error", error: "throw " + error };
      }
    }
    await sleep(0);
    return { ...seen, violations };
  };
})();
