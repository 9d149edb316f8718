// The report's one script. Data reaches the page through textContent and attributes that nothing executes; no markup is
// ever made of text, which the policy in the head would not allow either.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const report = document.getElementById("report");

  const STATES = {
    deny: ["denied", "✕"],
    depends: ["depends on credentials", "?"],
    allow: ["allowed", "✓"],
    none: ["not CORS", "–"],
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
  const MAX_CAUSES = 6;

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

  // ---- the fetches: one per request of a page ----

  const fetches = data.fetches;
  fetches.forEach((fetch, index) => {
    fetch.index = index;
    fetch.origin ??= "";
    fetch.key ??= 0;
    fetch.details = fetch.members.map((member) => data.details[member.detail ?? 0]);
    fetch.members.forEach((member) => (member.url ??= fetch.url));
    fetch.main = fetch.details[fetch.key];
    [fetch.server, fetch.path] = split(fetch.url);
    fetch.reasons = new Set(fetch.details.map((detail) => detail.reason).filter(Boolean));
    fetch.findings = new Set(fetch.details.flatMap((detail) => detail.findings || []));
    fetch.flips = new Set(fetch.details.flatMap((detail) => detail.flips || []));
    fetch.engines = new Set(fetch.details.map((detail) => detail.engine));
  });
  // a cause is what one change mends, as the summary counts it
  const causeKey = (reason, stage, server, fix, phrase, status) =>
    JSON.stringify([
      reason,
      stage,
      server,
      fix && fix.headers ? [fix.headers, fix.status] : phrase,
      status >= 400 ? status : 0,
    ]);
  const causeOf = new Map(
    data.causes.map((each, index) => [
      causeKey(each.reason, each.stage, each.server, each.fix, each.phrase, each.status),
      index,
    ]),
  );
  for (const fetch of fetches) {
    fetch.causes = new Set();
    fetch.details.forEach((detail, index) => {
      if (detail.state !== "deny") return;
      const found = causeOf.get(
        causeKey(
          detail.reason,
          detail.stage,
          split(fetch.members[index].url)[0],
          detail.fix,
          detail.phrase,
          detail.status,
        ),
      );
      if (found !== undefined) fetch.causes.add(found);
    });
  }
  const byFlow = new Map(fetches.flatMap((fetch) => fetch.members.map((member) => [member.id, fetch])));

  function words(fetch) {
    fetch.words ??= [
      fetch.method,
      fetch.origin,
      fetch.url,
      ...fetch.members.flatMap((member) => [member.id, member.url]),
      ...fetch.details.flatMap((detail) => [
        detail.comment,
        detail.reason,
        detail.phrase,
        detail.error,
        detail.status,
        detail.engine,
        detail.client,
        detail.location,
        detail.role,
        detail.body,
        ...(detail.findings || []),
        ...(detail.flips || []),
        ...(detail.because || []),
        ...(detail.asks || []),
        ...(detail.console || []),
        ...(detail.steps || []).map((step) => step[1]),
      ]),
    ]
      .filter(Boolean)
      .join("\n")
      .toLowerCase();
    return fetch.words;
  }
  function why(fetch) {
    const detail = fetch.main;
    const said = (detail.comment || "").replace(/^[✓✗–] ?(CORS)?[:,]? ?/, "");
    if (said) return said;
    if (fetch.state === "none") return ROLES[detail.role] || detail.role;
    return detail.role === "preflight" ? "preflight" : "";
  }

  // ---- the sequence diagram ----

  const canvas = document.createElement("canvas").getContext("2d");
  const FACE = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif";
  function measure(text, size, weight) {
    canvas.font = `${weight || 400} ${size}px ${FACE}`;
    return canvas.measureText(text).width;
  }
  function fit(text, room, size, weight) {
    if (measure(text, size, weight) <= room) return text;
    let low = 0;
    let high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (measure(text.slice(0, middle) + "…", size, weight) <= room) low = middle;
      else high = middle - 1;
    }
    return low ? text.slice(0, low) + "…" : "";
  }
  function wrap(text, room, size, most) {
    const lines = [];
    let line = "";
    for (const word of text.split(" ")) {
      const longer = line ? `${line} ${word}` : word;
      if (!line || measure(longer, size) <= room) line = longer;
      else {
        lines.push(line);
        line = word;
      }
    }
    lines.push(line);
    const kept = lines.slice(0, most);
    if (lines.length > most) kept[most - 1] += " " + lines.slice(most).join(" ");
    return kept.map((each) => fit(each, room, size));
  }

  const ICONS = {
    page: ["M2 3.5h12v9H2z", "M2 6h12", "M4 8.5h5M4 10.5h7"],
    browser: ["M8 1.8 13.5 4v4c0 3.4-2.4 5.4-5.5 6.4C4.9 13.4 2.5 11.4 2.5 8V4z", "M5.6 8l1.8 1.8 3.2-3.4"],
    server: ["M2.5 2.5h11v4.3h-11z", "M2.5 9.2h11v4.3h-11z", "M5 4.7h.1M5 11.4h.1"],
    client: ["M2 3h12v10H2z", "M4.5 6l2 2-2 2M8 10.5h3.5"],
  };
  function icon(kind, x, y) {
    return s(
      "g",
      { class: "icon", transform: `translate(${x} ${y})` },
      ICONS[kind].map((path) => s("path", { d: path })),
    );
  }
  function badge(state, x, y) {
    const shapes = {
      deny: () => [
        s("polygon", { points: "-4,-9.5 4,-9.5 9.5,-4 9.5,4 4,9.5 -4,9.5 -9.5,4 -9.5,-4" }),
        s("path", { d: "M-3.5-3.5 3.5 3.5M3.5-3.5-3.5 3.5" }),
      ],
      allow: () => [s("circle", { r: 9 }), s("path", { d: "M-4 .3-1.2 3.2 4.2-3" })],
      depends: () => [
        s("polygon", { points: "0,-11 11,0 0,11 -11,0" }),
        s("path", { d: "M-2.6-2.4c0-3.6 5.4-3.4 5.2-.2-.2 1.8-2.6 1.8-2.6 3.8M0 4.7v.4" }),
      ],
      none: () => [s("circle", { r: 7 }), s("path", { d: "M-3 0H3" })],
    };
    return s("g", { class: `badge ${state}`, transform: `translate(${x} ${y})` }, shapes[state]());
  }

  function diagram(fetch, width) {
    const noBrowser = fetch.main.role === "non-browser";
    const servers = [];
    const laneOf = (url) => {
      const server = split(url)[0];
      if (!servers.includes(server) && servers.length < (width < 480 ? 2 : 3)) servers.push(server);
      const at = servers.indexOf(server);
      return (noBrowser ? 1 : 2) + (at < 0 ? servers.length - 1 : at);
    };
    fetch.members.forEach((member) => laneOf(member.url));
    const lanes = noBrowser
      ? [["client", "Client", "no browser"]]
      : [
          ["page", "Page", fetch.origin ? host(fetch.origin) : "unknown origin"],
          ["browser", "Browser", fetch.main.engine === "standard" ? "" : fetch.main.engine],
        ];
    servers.forEach((server) => lanes.push(["server", "Server", host(server)]));
    const B = noBrowser ? 0 : 1;
    // where there is little room, the outer lanes stand at the edges, and their heads beside them
    const narrow = width < 480;
    const margin = narrow ? 18 : Math.min(84, width / (lanes.length * 2) - 2);
    const step = (width - 2 * margin) / (lanes.length - 1);
    const x = (lane) => margin + lane * step;
    const boxWidth = narrow ? width / lanes.length - 5 : Math.min(2 * margin - 4, step - 8);
    const boxAt = (lane) => (narrow ? ((lane + 0.5) * width) / lanes.length : x(lane));
    const size = narrow ? 11.5 : 12;
    const HEAD = 44;
    const parts = [];
    const said = [];
    let y = HEAD + 14;

    function label(text, from, to, at, kind, bold) {
      const [left, right] = [Math.min(x(from), x(to)), Math.max(x(from), x(to))];
      const room = right - left - (narrow ? 16 : 26);
      const weight = bold ? 600 : 400;
      const [whole, ...shorter] = [text].flat();
      const shown =
        [whole, ...shorter].find((one) => measure(one, size, weight) <= room) ||
        fit(shorter.at(-1) || whole, room, size, weight);
      parts.push(
        s(
          "text",
          { x: (left + right) / 2, y: at, class: `label ${kind || ""} ${bold ? "bold" : ""}` },
          shown,
          shown === whole ? null : s("title", {}, whole),
        ),
      );
    }
    function head(tip, at, direction, kind) {
      parts.push(s("path", { class: `tip ${kind || ""}`, d: `M${tip} ${at}l${-8 * direction}-4.5v9z` }));
    }
    function arrow(from, to, text, options) {
      const { kind = "", sub = "", reach = 1, bold = false } = options || {};
      const direction = to > from ? 1 : -1;
      const start = x(from) + 2 * direction;
      const end = start + (x(to) - x(from) - 4 * direction) * reach;
      const stops = reach < 1;
      y += (sub ? 32 : 20) + (stops ? 8 : 0);
      if (sub) label(sub, from, to, y - 19, "sub");
      label(text, from, to, y - (stops ? 13 : 5), kind, bold);
      parts.push(s("path", { class: `wire ${kind}`, d: `M${start} ${y}H${stops ? end : end - 6 * direction}` }));
      if (stops)
        parts.push(
          s("path", {
            class: "stop",
            d: `M${end} ${y - 9}v18m${6 * direction}-12.5l${7 * direction} 7m0-7l${-7 * direction} 7`,
          }),
        );
      else head(end, y, direction, kind);
      const whole = [text].flat()[0];
      said.push(sub ? `${whole} (${sub})` : whole);
      y += 8;
    }
    function mark(state, text, kind) {
      const room = noBrowser ? step - 34 : step - 26;
      const lines = text ? wrap(text, room, size, 5) : [];
      const tall = Math.max(lines.length * 15, 22);
      const middle = y + 6 + tall / 2;
      const at = noBrowser ? x(B) + 18 : x(B) - 16;
      lines.forEach((line, index) => {
        parts.push(
          s(
            "text",
            {
              x: at,
              y: middle + (index - (lines.length - 1) / 2) * 15 + 4,
              class: `note ${noBrowser ? "start" : ""} ${kind || state}`,
            },
            line,
          ),
        );
      });
      if (text && lines.join(" ") !== text) parts.at(-1).append(s("title", {}, text));
      parts.push(badge(state, x(B), middle));
      said.push(`${STATES[state][0]}${text ? ": " + text : ""}`);
      y += tall + 10;
    }
    function cached(text) {
      const middle = y + 12;
      parts.push(
        s(
          "g",
          { class: "cache", transform: `translate(${x(B)} ${middle})` },
          s("path", { d: "M-9-6v11c0 5 18 5 18 0V-6" }),
          s("ellipse", { cy: -6, rx: 9, ry: 3.5 }),
          s("path", { d: "M-9-.5c0 5 18 5 18 0" }),
        ),
      );
      wrap(text, step - 28, size, 2).forEach((line, index, lines) => {
        parts.push(
          s("text", { x: x(B) + 16, y: middle + 4 + (index - (lines.length - 1) / 2) * 14, class: "note start" }, line),
        );
      });
      said.push(text);
      y += 30;
    }
    const cause = (detail) => {
      const text = (detail.comment || "").replace(/^[✓✗–] ?(CORS)?[:,]? ?/, "");
      return text.replace(/^yet it went on: /, "");
    };

    // what the page asks for
    if (!noBrowser) arrow(0, 1, `${fetch.method} ${fetch.path}`, { bold: true });
    const last = fetch.members.length - 1;
    fetch.members.forEach((member, index) => {
      const detail = fetch.details[index];
      const lane = laneOf(member.url);
      const path = split(member.url)[1];
      const preflight = detail.role === "preflight";
      if (!preflight && detail.preflight === "cached") {
        cached(member.age === undefined ? "preflight cached" : `preflight cached ${seconds(member.age)} ago`);
      } else if (!preflight && detail.unseen) {
        arrow(B, lane, ["preflight not seen", "not seen"], { kind: "ghost" });
      }
      if (preflight)
        arrow(B, lane, "OPTIONS", { kind: "ask", sub: `may I? ${(detail.asks || []).join(", ")}`, bold: true });
      else arrow(B, lane, `${detail.method} ${path}`, { kind: "sent", bold: true });
      if (detail.status === undefined) {
        arrow(lane, B, "no answer", { kind: "broken", reach: 0.4 });
      } else {
        const leads = detail.location
          ? ` → ${split(detail.location)[0] ? host(split(detail.location)[0]) : detail.location}`
          : "";
        const time = member.ms === undefined ? "" : ` · ${duration(member.ms)}`;
        const rewritten = detail.rewritten ? `by policy ${detail.rewritten.policy}` : "";
        arrow(lane, B, `${detail.status}${leads}${time}`, { sub: rewritten, kind: detail.status >= 500 ? "bad" : "" });
      }
      if (detail.state === "deny") mark("deny", cause(detail));
      else if (detail.state === "depends") mark("depends", cause(detail));
      else if (detail.state === "allow")
        mark("allow", preflight ? "may be sent" : detail.role === "redirect" ? "may be followed" : "");
      else if (detail.role === "non-browser")
        mark(
          VERDICTS[detail.hypothetical] || "none",
          detail.phrase ? `a browser: ${detail.phrase}` : "enforces nothing",
          "quiet",
        );
      else mark("none", ROLES[detail.role]);
      if (index < last || noBrowser) return;

      // how it ended
      const goesOn = detail.contradiction || detail.state === "allow" || detail.state === "depends";
      if (preflight) {
        if (detail.contradiction)
          arrow(B, lane, [`${fetch.method} was sent all the same`, "sent all the same"], { kind: "perhaps" });
        else if (goesOn) arrow(B, lane, [`${fetch.method} not seen`, "not seen"], { kind: "ghost" });
        else arrow(B, lane, [`${fetch.method} never sent`, "never sent"], { kind: "ghost denied", reach: 0.3 });
      } else if (detail.role === "redirect" && !goesOn) {
        arrow(B, lane, "not followed", { kind: "ghost denied", reach: 0.3 });
      }
      if (detail.state === "deny" && !detail.contradiction)
        arrow(B, 0, ["no answer for the page", "no answer"], { kind: "denied", reach: 0.55, bold: true });
      else if (preflight) return;
      else if (detail.role === "redirect") arrow(B, 0, ["what followed was not seen", "not seen"], { kind: "ghost" });
      else if (detail.state === "allow") arrow(B, 0, "the answer", { kind: "allowed", bold: true });
      else if (detail.state === "depends")
        arrow(B, 0, ["perhaps the answer", "perhaps"], { kind: "perhaps", bold: true });
      else if (detail.state === "deny") arrow(B, 0, ["the answer, it seems", "the answer?"], { kind: "perhaps" });
      else if (detail.role === "no-cors") arrow(B, 0, ["to use, not to read", "not to read"], { kind: "quiet" });
      else arrow(B, 0, "the answer", { kind: "quiet" });
    });
    y += 12;

    const rails = lanes.map(([kind, name, sub], lane) => [
      s("path", { class: `rail ${kind}`, d: `M${x(lane)} ${HEAD}V${y}` }),
      s("rect", {
        class: `head ${kind}`,
        x: boxAt(lane) - boxWidth / 2,
        y: 1,
        width: boxWidth,
        height: HEAD - 2,
        rx: 7,
      }),
      icon(kind, boxAt(lane) - Math.min(measure(name, 12.5, 600) / 2 + 10, boxWidth / 2 - 4), 5),
      s("text", { class: "lane", x: boxAt(lane) + 9, y: 18 }, name),
      s(
        "text",
        { class: "where", x: boxAt(lane), y: 35 },
        fit(sub || "", boxWidth - 10, 11.5),
        s("title", {}, sub || name),
      ),
    ]);
    return s(
      "svg",
      {
        class: narrow ? "diagram narrow" : "diagram",
        viewBox: `0 0 ${width} ${y}`,
        width,
        height: y,
        role: "img",
        "aria-label": `Sequence: ${said.join("; ")}`,
      },
      rails,
      parts,
    );
  }

  // diagrams are drawn for the width they get, and again when that changes
  const drawn = new Map();
  const observer = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const width = Math.max(260, Math.min(Math.floor(contentRect.width), 720));
      const known = drawn.get(target);
      if (!target.isConnected) (observer.unobserve(target), drawn.delete(target));
      else if (known && known.width !== width && contentRect.width) {
        known.width = width;
        target.replaceChildren(diagram(known.fetch, width));
      }
    }
  });
  function figure(fetch) {
    const element = h("div", { class: "figure" });
    drawn.set(element, { fetch, width: 0 });
    observer.observe(element);
    return element;
  }

  // ---- pieces of text ----

  function diff(fix) {
    if (!fix) return null;
    const lines = [];
    if (fix.status) lines.push(h("div", {}, `  answer with status ${fix.status}`));
    for (const [name, before, after] of fix.headers || []) {
      if (before !== null) lines.push(h("del", {}, `- ${name}: ${before}`));
      if (after !== null) lines.push(h("ins", {}, `+ ${name}: ${after}`));
    }
    return [
      lines.length ? h("pre", { class: "diff", tabindex: 0, "aria-label": "What to change" }, lines) : null,
      fix.note ? h("p", { class: "hint" }, fix.note[0].toUpperCase() + fix.note.slice(1) + ".") : null,
    ];
  }
  function explained(name) {
    const known = data.reasons[name];
    if (!known) return null;
    return h(
      "details",
      { class: "explained" },
      h("summary", {}, "Why, and how it comes about: ", code(name)),
      h("p", {}, known.explanation),
      h("h4", {}, "Usual causes"),
      h(
        "ul",
        {},
        known.causes.map((cause) => h("li", {}, cause)),
      ),
      known.said.length
        ? [
            h("h4", {}, "Browsers say"),
            h(
              "dl",
              { class: "facts" },
              known.said.map(([browser, names, text]) => [
                h("dt", {}, browser),
                h("dd", {}, names ? [code(names), h("br")] : null, text),
              ]),
            ),
          ]
        : null,
      h(
        "p",
        {},
        h("a", { href: known.anchor, rel: "noreferrer noopener", target: "_blank" }, "The rule in the Fetch standard"),
      ),
    );
  }
  const consoleText = (lines) =>
    lines && lines.length
      ? h("pre", { class: "console", tabindex: 0, "aria-label": "Message in the browser's console" }, lines.join("\n"))
      : null;
  const fact = (name, ...values) => (values.flat().some(Boolean) ? [h("dt", {}, name), h("dd", {}, ...values)] : null);

  // ---- filters ----

  const filter = {
    states: new Set(ORDER),
    reason: "",
    origin: null,
    finding: "",
    policy: "",
    endpoint: null,
    cause: null,
    text: "",
  };
  const usual = new Set(ORDER);
  if (fetches.some((fetch) => fetch.state !== "none")) usual.delete("none");
  const needles = () => filter.text.toLowerCase().split(/\s+/).filter(Boolean);

  function matches(fetch, wanted) {
    if (!filter.states.has(fetch.state)) return false;
    if (filter.reason && !fetch.reasons.has(filter.reason)) return false;
    if (filter.origin !== null && fetch.origin !== filter.origin) return false;
    if (filter.finding && !fetch.findings.has(filter.finding)) return false;
    if (filter.policy && !fetch.flips.has(filter.policy)) return false;
    if (filter.cause !== null && !fetch.causes.has(filter.cause)) return false;
    if (filter.endpoint !== null && !fetch.members.some((member) => member.endpoint === filter.endpoint)) return false;
    return wanted.every((needle) => words(fetch).includes(needle));
  }
  const same = (one, other) => one.size === other.size && [...one].every((each) => other.has(each));

  let opened = "";
  function toHash() {
    const parts = new URLSearchParams();
    if (!same(filter.states, usual)) parts.set("verdict", [...filter.states].join(","));
    for (const name of ["reason", "finding", "policy"]) if (filter[name]) parts.set(name, filter[name]);
    if (filter.origin !== null) parts.set("origin", filter.origin);
    for (const name of ["endpoint", "cause"]) if (filter[name] !== null) parts.set(name, filter[name]);
    if (filter.text) parts.set("q", filter.text);
    if (opened) parts.set("flow", opened);
    const hash = parts.toString();
    try {
      history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    } catch {
      // a sandboxed frame may not: the state is then not in its address
    }
  }
  function fromHash() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const verdicts = parts.get("verdict");
    filter.states = verdicts === null ? new Set(usual) : new Set(verdicts.split(",").filter((state) => STATES[state]));
    for (const name of ["reason", "finding", "policy"]) filter[name] = parts.get(name) || "";
    filter.origin = parts.get("origin");
    for (const [name, known] of [
      ["endpoint", data.matrix.endpoints],
      ["cause", data.causes],
    ]) {
      filter[name] = /^\d+$/.test(parts.get(name) || "") && known[parts.get(name)] ? Number(parts.get(name)) : null;
    }
    filter.text = parts.get("q") || "";
    opened = parts.get("flow") || "";
  }
  function choose(change, jump) {
    Object.assign(
      filter,
      {
        states: new Set(usual),
        reason: "",
        origin: null,
        finding: "",
        policy: "",
        endpoint: null,
        cause: null,
        text: "",
      },
      change,
    );
    apply();
    if (jump) {
      list.section.scrollIntoView({ block: "start" });
      const first = list.visible()[0];
      (first ? list.button(first) : list.search).focus({ preventScroll: true });
    }
  }

  // ---- the list ----

  const list = { rows: [], chunks: [], current: 0 };
  list.button = (index) => list.rows[index].firstChild;
  list.visible = () =>
    fetches
      .filter((fetch) => fetch.shown)
      .map((fetch) => fetch.index)
      .filter((index) => list.rows[index]);

  function row(fetch) {
    const [server, path] = [fetch.server, fetch.path];
    const line = h(
      "button",
      { class: "line", type: "button", "aria-expanded": "false", tabindex: -1 },
      sign(fetch.state),
      h("span", { class: "time" }, clock(fetch.at)),
      h("span", { class: "method" }, fetch.method),
      h("span", { class: "url" }, server ? h("span", { class: "server" }, server) : null, path),
      h("span", { class: "origin" }, h("span", { class: "from" }, "from "), fetch.origin ? host(fetch.origin) : "–"),
      h("span", { class: `why ${fetch.state}` }, why(fetch)),
    );
    const element = h("li", { class: `row ${fetch.state}` }, line);
    element.hidden = !fetch.shown;
    element.fetch = fetch;
    return element;
  }
  function fillChunk(chunk) {
    if (chunk.filled) return;
    chunk.filled = true;
    const rows = fetches.slice(chunk.from, chunk.from + CHUNK).map(row);
    rows.forEach((element, index) => (list.rows[chunk.from + index] = element));
    chunk.element.append(...rows);
  }
  const fillAll = () => list.chunks.forEach(fillChunk);
  function fillLater() {
    const until = performance.now() + 12;
    let left;
    while ((left = list.chunks.find((chunk) => !chunk.filled)) && performance.now() < until) fillChunk(left);
    if (left) setTimeout(fillLater);
  }
  const rowHeight = () => (innerWidth < 760 ? 66 : 37);

  function apply() {
    const wanted = needles();
    let count = 0;
    for (const fetch of fetches) {
      fetch.shown = matches(fetch, wanted);
      count += fetch.shown;
    }
    list.chunks
      .filter((chunk) => fetches.slice(chunk.from, chunk.from + CHUNK).some((fetch) => fetch.shown))
      .slice(0, 2)
      .forEach(fillChunk);
    const height = rowHeight();
    for (const chunk of list.chunks) {
      let shown = 0;
      let open = false;
      for (let index = chunk.from; index < Math.min(chunk.from + CHUNK, fetches.length); index++) {
        const element = list.rows[index];
        shown += fetches[index].shown;
        if (element) {
          element.hidden = !fetches[index].shown;
          open ||= element.childNodes.length > 1;
        }
      }
      chunk.element.hidden = !shown;
      chunk.element.classList.toggle("open", open);
      chunk.element.style.containIntrinsicHeight = `${shown * height}px`;
    }
    list.status.textContent =
      count === fetches.length
        ? counted(count, "request")
        : `${number(count)} of ${counted(fetches.length, "request")}`;
    list.empty.hidden = count > 0 || !fetches.length;
    showFilters();
    const visible = list.visible();
    if (!visible.includes(list.current) && visible.length) rove(visible[0]);
    toHash();
  }
  function rove(index) {
    const before = list.rows[list.current];
    if (before) before.firstChild.tabIndex = -1;
    list.current = index;
    if (list.rows[index]) list.button(index).tabIndex = 0;
  }
  function toggle(element, wish) {
    const { fetch, firstChild: line } = element;
    const open = element.childNodes.length > 1;
    if (wish === open) return;
    if (open) {
      element.lastChild.remove();
      if (opened === fetch.members[0].id) opened = "";
    } else {
      element.append(panel(fetch));
      opened = fetch.members[0].id;
    }
    line.setAttribute("aria-expanded", String(!open));
    const chunk = list.chunks[Math.floor(fetch.index / CHUNK)];
    chunk.element.classList.toggle("open", chunk.element.querySelector(".panel") !== null);
    toHash();
  }
  function show(fetch) {
    fillAll();
    if (!fetch.shown) choose({ states: new Set(ORDER) });
    const element = list.rows[fetch.index];
    toggle(element, true);
    rove(fetch.index);
    list.button(fetch.index).focus({ preventScroll: true });
    element.scrollIntoView({ block: "start" });
  }

  // ---- one request, opened ----

  function panel(fetch) {
    const detail = fetch.main;
    const member = fetch.members[fetch.key];
    const refused =
      detail.phrase && (fetch.state === "deny" || fetch.state === "depends" || detail.role === "non-browser");
    return h(
      "div",
      { class: "panel" },
      h(
        "div",
        { class: "story" },
        figure(fetch),
        h(
          "div",
          { class: "told" },
          refused
            ? h("h3", {}, detail.phrase)
            : h("h3", {}, fetch.state === "allow" ? "Every check passed." : why(fetch) || ROLES[detail.role]),
          refused
            ? h(
                "p",
                { class: "what" },
                code(detail.reason),
                " ",
                STAGES[detail.stage],
                fetch.state === "depends" ? `: ${why(fetch).replace(/^but /, "")}` : "",
              )
            : null,
          detail.behind ? h("p", {}, detail.behind) : null,
          detail.body ? h("p", {}, "Its body begins: ", h("q", {}, detail.body)) : null,
          detail.contradiction ? h("p", { class: "warn" }, "Contradicted: ", detail.contradiction) : null,
          diff(detail.fix),
          detail.console ? [h("h4", {}, `In ${detail.engine}'s console`), consoleText(detail.console)] : null,
          detail.engines
            ? h(
                "p",
                { class: "engines" },
                detail.engines.map(([name, verdict, reason]) =>
                  h(
                    "span",
                    { title: reason || verdict },
                    sign(VERDICTS[verdict], "small"),
                    ` ${name}`,
                    reason && reason !== detail.reason ? [": ", code(reason)] : null,
                  ),
                ),
              )
            : null,
        ),
      ),
      h(
        "dl",
        { class: "facts" },
        fact("Page", fetch.origin),
        fact("Request", `${fetch.method} ${fetch.url}`),
        fact("", detail.relation),
        fact("Credentials", detail.credentials),
        fact("Preflight", detail.preflightWords),
        fact("Inferred", (detail.assumptions || []).join("; ")),
        fact("Script reads", (detail.reads || []).join(", ")),
        fact("but not", (detail.hidden || []).join(", ")),
        fact(
          "Findings",
          (detail.findings || []).map((name) => [code(name), " "]),
        ),
        fact(
          "Policies",
          (detail.shadow || []).map(([policy, verdict, reason]) =>
            h(
              "div",
              {},
              sign(VERDICTS[verdict] || "none", "small"),
              ` under ${policy}`,
              reason ? [": ", code(reason)] : null,
            ),
          ),
        ),
        (member.pair || []).filter((id) => byFlow.has(id)).length
          ? fact(
              "Belongs to",
              member.pair
                .filter((id) => byFlow.has(id))
                .map((id) =>
                  h(
                    "button",
                    { type: "button", class: "link", click: () => show(byFlow.get(id)) },
                    `${byFlow.get(id).method} at ${clock(byFlow.get(id).at)}`,
                  ),
                ),
            )
          : null,
        fact("Client", detail.client),
        fact("Flow", fetch.members.map((each) => each.id).join(" ")),
      ),
      h(
        "ol",
        { class: "checks" },
        fetch.members.map((each, index) => checks(fetch, each, fetch.details[index])),
      ),
      [...fetch.reasons].map(explained),
      [...fetch.findings].map(explained),
    );
  }
  function checks(fetch, member, detail) {
    return h(
      "li",
      {},
      h(
        "div",
        { class: "exchange" },
        sign(detail.state, "small"),
        h("span", { class: "method" }, detail.method),
        h("span", { class: "time" }, clock(member.at)),
        h("span", {}, detail.status === undefined ? "no answer" : String(detail.status)),
        h("span", { class: "time" }, duration(member.ms)),
        h("span", { class: "role" }, ROLES[detail.role] || detail.role),
        member.url !== fetch.url ? h("span", { class: "elsewhere" }, member.url) : null,
      ),
      detail.steps
        ? h(
            "ul",
            {},
            detail.steps.map(([outcome, text, note]) =>
              h(
                "li",
                { class: outcome },
                h("span", { class: "mark", "aria-label": outcome.replace("-", " "), role: "img" }, MARKS[outcome]),
                h(
                  "span",
                  {},
                  text,
                  note
                    ? h("span", { class: "aside" }, ` (${note})`)
                    : outcome === "not-reached"
                      ? h("span", { class: "aside" }, " (not reached)")
                      : null,
                ),
              ),
            ),
          )
        : null,
      detail.rewritten
        ? h(
            "div",
            { class: "rewritten" },
            h(
              "p",
              {},
              detail.rewritten.answered ? "Answered by policy " : "Rewritten by policy ",
              code(detail.rewritten.policy),
              detail.rewritten.serverVerdict
                ? [
                    ". The server's own answer: ",
                    detail.rewritten.serverVerdict,
                    detail.rewritten.serverReason ? [", ", code(detail.rewritten.serverReason)] : null,
                  ]
                : null,
            ),
            diff({ headers: detail.rewritten.edits }),
          )
        : null,
    );
  }

  // ---- sections ----

  function section(id, title, ...children) {
    return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), children);
  }

  function summary() {
    const { judged, read, states, others, seen } = data.totals;
    const denied = states.deny;
    const headline = denied
      ? [sign("deny", "big"), `${number(denied)} of ${counted(judged, "CORS exchange")} denied`]
      : judged
        ? [
            sign(states.depends ? "depends" : "allow", "big"),
            `${judged === 1 ? "The CORS exchange is" : `All ${number(judged)} CORS exchanges are`} allowed${states.depends ? ", some only without credentials" : ""}`,
          ]
        : [sign("none", "big"), "No CORS exchange found"];
    const names = data.inputs.map((each) => each.name);
    const from = names.length
      ? ` from ${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`
      : " while mitmproxy ran";
    const besides = Object.entries(others)
      .map(([role, count]) => `${number(count)} ${role}`)
      .join(", ");
    const notices = [];
    if (data.interrupted)
      notices.push("Interrupted: these are partial results. What was not read is not in these numbers.");
    for (const each of data.inputs) if (each.damage) notices.push(each.damage);
    for (const each of data.inputs) {
      for (const [note, count] of each.notes) {
        notices.push(`${names.length > 1 ? `${each.name}: ` : ""}${count > 1 ? `${number(count)} × ` : ""}${note}`);
      }
    }
    if (data.overflowed) notices.push("There are more endpoints than can be told apart: the rest is counted together.");
    if (data.listed < seen) {
      notices.push(
        `${number(data.listed)} of ${counted(seen, "exchange")} are listed: the latest, denied ones before others. The counts, the causes and the matrix cover all.`,
      );
    }
    const shown = ORDER.filter((state) => states[state]);
    return h(
      "header",
      {},
      h("p", { class: "brand" }, "CORS report"),
      h("h1", {}, headline),
      h(
        "p",
        { class: "sub" },
        `${counted(read, "exchange")} ${names.length ? "read" : "seen"}${from}`,
        besides ? `; with an Origin but no CORS: ${besides}` : "",
        ` · ${day(data.made)}`,
      ),
      judged
        ? h(
            "div",
            { class: "bar", "aria-hidden": "true" },
            shown.map((state) => {
              const part = h("span", { class: state });
              part.style.flexGrow = states[state];
              return part;
            }),
          )
        : null,
      judged
        ? h(
            "ul",
            { class: "legend" },
            shown.map((state) =>
              h(
                "li",
                {},
                h(
                  "button",
                  { type: "button", click: () => choose({ states: new Set([state]) }, true) },
                  sign(state),
                  h("b", {}, number(states[state])),
                  ` ${STATES[state][0]}`,
                ),
              ),
            ),
          )
        : null,
      notices.length
        ? h(
            "ul",
            { class: "notices" },
            notices.map((text) => h("li", {}, text)),
          )
        : null,
    );
  }

  function causes() {
    if (!data.causes.length) return null;
    const cards = data.causes.map(cause);
    const rest = cards.slice(MAX_CAUSES);
    const more = rest.length
      ? h(
          "button",
          { type: "button", class: "more", click: () => more.replaceWith(...rest) },
          `Show ${counted(rest.length, "more cause")}`,
        )
      : null;
    return section(
      "causes",
      data.causes.length === 1 ? "The cause" : "Causes, the most frequent first",
      cards.slice(0, MAX_CAUSES),
      more,
      data.moreCauses ? h("p", { class: "hint" }, `${counted(data.moreCauses, "more cause")} not shown.`) : null,
    );
  }
  function cause(each, index) {
    const listed = fetches.filter((fetch) => fetch.causes.has(index));
    const example = listed.find((fetch) => fetch.main.phrase === each.phrase) || listed[0];
    return h(
      "article",
      { class: "cause" },
      h(
        "div",
        { class: "told" },
        h("h3", {}, sign("deny"), h("span", {}, each.phrase)),
        h(
          "p",
          { class: "what" },
          code(each.reason),
          " ",
          STAGES[each.stage],
          ` · ${counted(each.count, "exchange")}`,
          data.allEngines ? ` · ${each.engines.join(", ")}` : "",
          each.known ? h("span", { class: "pill" }, "known") : null,
        ),
        each.behind ? h("p", {}, each.behind) : null,
        diff(each.fix),
        h(
          "ul",
          { class: "places" },
          each.endpoints.map(([name, count]) =>
            h("li", {}, code(name), count > 1 ? h("span", { class: "times" }, ` × ${number(count)}`) : null),
          ),
          each.moreEndpoints ? h("li", { class: "hint" }, `and ${number(each.moreEndpoints)} more`) : null,
        ),
        each.console ? h("details", {}, h("summary", {}, "In the browser's console"), consoleText(each.console)) : null,
        explained(each.reason),
        listed.length
          ? h(
              "button",
              { type: "button", class: "go", click: () => choose({ states: new Set(ORDER), cause: index }, true) },
              `Show ${listed.length === 1 ? "the request" : `the ${number(listed.length)} requests`}`,
            )
          : null,
      ),
      example ? figure(example) : null,
    );
  }

  function matrix() {
    const { origins, endpoints, cells } = data.matrix;
    if (!cells.length) return null;
    // the origins and endpoints with most denials first, then those with most traffic
    const weight = (key, count) => {
      const sums = Array.from({ length: count }, () => [0, 0]);
      for (const cell of cells) {
        sums[cell[key]][0] += cell[2][0];
        sums[cell[key]][1] += cell[2].reduce((sum, one) => sum + one, 0);
      }
      return [...sums.keys()].sort((one, other) => sums[other][0] - sums[one][0] || sums[other][1] - sums[one][1]);
    };
    const columns = weight(1, origins.length);
    const kept = columns.length > MAX_ORIGINS + 1 ? columns.slice(0, MAX_ORIGINS) : columns;
    const place = new Map(kept.map((origin, index) => [origin, index]));
    const others = columns.length - kept.length;
    const rows = new Map(weight(0, endpoints.length).map((endpoint) => [endpoint, []]));
    for (const [endpoint, origin, counts, engines] of cells) {
      const at = place.get(origin) ?? kept.length;
      const line = rows.get(endpoint);
      line[at] ??= { counts: counts.map(() => 0), engines: new Set(), origin: at === kept.length ? null : origin };
      counts.forEach((count, index) => (line[at].counts[index] += count));
      engines.forEach((engine) => line[at].engines.add(engine));
    }
    const names = [
      ...kept.map((origin) => origins[origin] || "any page"),
      ...(others ? [`${number(others)} other origins`] : []),
    ];
    const body = h("tbody");
    const all = [...rows];
    const servers = new Map();
    for (const [endpoint, line] of all) {
      const server = endpoints[endpoint][0];
      if (!servers.has(server)) servers.set(server, []);
      servers.get(server).push([endpoint, line]);
    }
    const lines = [...servers].flatMap(([server, group]) => [[server], ...group]);
    function add(from, to) {
      body.append(
        ...lines.slice(from, to).map((each) => {
          if (each.length === 1)
            return h("tr", { class: "server" }, h("th", { scope: "rowgroup", colspan: names.length + 1 }, each[0]));
          const [endpoint, line] = each;
          const [server, method, path] = endpoints[endpoint];
          return h(
            "tr",
            {},
            h("th", { scope: "row" }, h("span", { class: "method" }, method), " ", h("span", { class: "path" }, path)),
            names.map((name, column) =>
              h(
                "td",
                {},
                line[column]
                  ? [
                      h("span", { class: "of-origin" }, name),
                      cell(line[column], endpoint, `${method} ${server}${path}`, name),
                    ]
                  : null,
              ),
            ),
          );
        }),
      );
    }
    add(0, MAX_ENDPOINTS);
    const left = lines.length - MAX_ENDPOINTS;
    const more =
      left > 0
        ? h(
            "button",
            {
              type: "button",
              class: "more",
              click: () => {
                more.remove();
                add(MAX_ENDPOINTS);
              },
            },
            `Show ${number(left)} more rows`,
          )
        : null;
    return section(
      "matrix",
      "Who asks for what",
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": "Matrix of origins and endpoints" },
        h(
          "table",
          { keydown: overCells },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("th", { scope: "col" }, "Endpoint"),
              names.map((name) =>
                h(
                  "th",
                  { scope: "col", title: name },
                  names.filter((each) => host(each) === host(name)).length > 1 ? name : host(name),
                ),
              ),
            ),
          ),
          body,
        ),
      ),
      more,
      h("p", { class: "hint" }, "Numbers are exchanges, preflights included. Choose a cell to list them."),
    );
  }
  function cell({ counts, engines, origin }, endpoint, what, from) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const state = ORDER[counts.findIndex(Boolean)] || "none";
    const count = counts[ORDER.indexOf(state)];
    const parts = ORDER.filter((_, index) => counts[index]).map(
      (each) => `${number(counts[ORDER.indexOf(each)])} ${STATES[each][0]}`,
    );
    const by = engines.size ? ` (denied by ${[...engines].join(", ")})` : "";
    return h(
      "button",
      {
        type: "button",
        class: `cell ${state}`,
        title: parts.join(", ") + by,
        "aria-label": `${what} from ${from}: ${parts.join(", ")}${by}`,
        click: () =>
          choose(
            { states: new Set(ORDER), endpoint, origin: origin === null ? null : data.matrix.origins[origin] },
            true,
          ),
      },
      sign(state, "small"),
      h("b", {}, number(count)),
      count < total ? h("span", { class: "of" }, ` of ${number(total)}`) : null,
    );
  }
  function overCells(event) {
    const turn = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const td = event.target.closest("td");
    if (!turn || !td) return;
    event.preventDefault();
    let [tr, column] = [td.parentNode, td.cellIndex];
    for (;;) {
      if (turn[1]) tr = turn[1] > 0 ? tr.nextElementSibling : tr.previousElementSibling;
      column += turn[0];
      if (!tr || column < 0 || column > td.parentNode.cells.length) return;
      const button = tr.cells[column] && tr.cells[column].querySelector("button");
      if (button) return button.focus();
    }
  }

  function policies() {
    const { tried, names, groups, more } = data.policies;
    if (!tried) return null;
    const nothing = names.filter((name) => !groups.some((group) => group[0] === name));
    return section(
      "policies",
      "Policies tried in the shadow",
      h("p", { class: "hint" }, `Tried on ${counted(tried, "listed exchange")}; what the browser got was not changed.`),
      groups.length
        ? h(
            "div",
            { class: "scroll", tabindex: 0, role: "region", "aria-label": "Changes under policies" },
            h(
              "table",
              { class: "plain" },
              h(
                "thead",
                {},
                h(
                  "tr",
                  {},
                  ["Policy", "Changes", "Origin", "Endpoint", "Cause", "Exchanges"].map((name) =>
                    h("th", { scope: "col" }, name),
                  ),
                ),
              ),
              h(
                "tbody",
                {},
                groups.map(([policy, change, origin, endpoint, text, count, id]) =>
                  h(
                    "tr",
                    {},
                    h("td", {}, code(policy)),
                    h(
                      "td",
                      { class: "nowrap" },
                      sign(change === "newly passes" ? "allow" : "deny", "small"),
                      ` ${change}`,
                    ),
                    h("td", {}, origin),
                    h("td", {}, endpoint),
                    h("td", {}, text),
                    h(
                      "td",
                      {},
                      h(
                        "button",
                        { type: "button", class: "link", click: () => byFlow.has(id) && show(byFlow.get(id)) },
                        number(count),
                      ),
                    ),
                  ),
                ),
              ),
            ),
          )
        : null,
      more ? h("p", { class: "hint" }, `${counted(more, "more change")} not shown.`) : null,
      nothing.length
        ? h(
            "p",
            {},
            "No verdict changes under ",
            nothing.map((name, index) => [index ? ", " : "", code(name)]),
            ".",
          )
        : null,
    );
  }

  function findings() {
    const found = new Map();
    for (const fetch of fetches) for (const name of fetch.findings) found.set(name, (found.get(name) || 0) + 1);
    if (!found.size) return null;
    return section(
      "findings",
      "Security findings",
      [...found]
        .sort((one, other) => other[1] - one[1])
        .map(([name, count]) =>
          h(
            "article",
            { class: "finding" },
            h("h3", {}, code(name), h("span", { class: "times" }, counted(count, "request"))),
            explained(name),
            h(
              "button",
              { type: "button", class: "go", click: () => choose({ states: new Set(ORDER), finding: name }, true) },
              `Show ${count === 1 ? "the request" : `the ${number(count)} requests`}`,
            ),
          ),
        ),
    );
  }

  // ---- the filters' controls ----

  const controls = {};
  function options(values, all) {
    return [h("option", { value: "" }, all), ...values.map(([value, text]) => h("option", { value }, text))];
  }
  function frequent(of) {
    const counts = new Map();
    for (const fetch of fetches) for (const value of of(fetch)) counts.set(value, (counts.get(value) || 0) + 1);
    return [...counts].sort((one, other) => other[1] - one[1]);
  }
  function requests() {
    const totals = Object.fromEntries(ORDER.map((state) => [state, 0]));
    for (const fetch of fetches) totals[fetch.state] += 1;
    controls.states = ORDER.filter((state) => totals[state]).map((state) => {
      const button = h(
        "button",
        {
          type: "button",
          class: `chip ${state}`,
          "aria-pressed": "true",
          click: () => {
            if (!filter.states.delete(state)) filter.states.add(state);
            apply();
          },
        },
        sign(state, "small"),
        ` ${STATES[state][0]} `,
        h("b", {}, number(totals[state])),
      );
      return [state, button];
    });
    const select = (name, values, all) => {
      if (!values.length) return null;
      const element = h(
        "select",
        {
          "aria-label": all,
          change: () => {
            filter[name] = name === "origin" ? (element.value ? element.value.slice(1) : null) : element.value;
            apply();
          },
        },
        options(
          values.map(([value, count]) => [
            name === "origin" ? `=${value}` : value,
            `${value || "(no origin)"} (${number(count)})`,
          ]),
          all,
        ),
      );
      controls[name] = element;
      return element;
    };
    list.search = h("input", {
      type: "search",
      placeholder: "Search URL, header, reason, flow …",
      "aria-label": "Search",
      autocomplete: "off",
      spellcheck: "false",
      "aria-keyshortcuts": "/",
      input: () => {
        filter.text = list.search.value;
        clearTimeout(list.timer);
        list.timer = setTimeout(apply, 80);
      },
      keydown: (event) => {
        if (event.key === "ArrowDown" && list.visible().length) {
          event.preventDefault();
          list.button(list.current).focus();
        }
        if (event.key === "Escape") {
          event.preventDefault();
          if (list.search.value) choose({});
          else list.search.blur();
        }
      },
    });
    for (const name of ["endpoint", "cause"]) {
      controls[name] = h("button", {
        type: "button",
        class: `chip only ${name}`,
        click: () => {
          filter[name] = null;
          apply();
        },
      });
    }
    controls.clear = h("button", { type: "button", class: "link", click: () => choose({}) }, "Clear filters");
    list.status = h("p", { class: "status", role: "status" });
    list.empty = h("p", { class: "empty" }, "No request matches these filters.");
    // a short list is laid out whole, which also shows it in pictures of the whole page
    const box = h("div", {
      class: fetches.length > 500 ? "list" : "list short",
      keydown: overRows,
      click: (event) => {
        const line = event.target.closest(".line");
        if (line) {
          rove(line.parentNode.fetch.index);
          toggle(line.parentNode);
        }
      },
    });
    for (let from = 0; from < fetches.length; from += CHUNK) {
      const element = h("ol", { class: "chunk", start: from + 1 });
      list.chunks.push({ from, element, filled: false });
      box.append(element);
    }
    list.section = section(
      "requests",
      "Requests of pages",
      h(
        "div",
        { class: "filters", role: "search", "aria-label": "Filter requests" },
        list.search,
        h(
          "div",
          { class: "chips", role: "group", "aria-label": "Verdict" },
          controls.states.map(([, button]) => button),
        ),
        h(
          "div",
          { class: "selects" },
          select(
            "reason",
            frequent((fetch) => fetch.reasons),
            "any reason",
          ),
          select(
            "origin",
            frequent((fetch) => [fetch.origin]),
            "any origin",
          ),
          select(
            "finding",
            frequent((fetch) => fetch.findings),
            "any finding",
          ),
          select(
            "policy",
            frequent((fetch) => fetch.flips),
            "any policy that turns it",
          ),
          controls.endpoint,
          controls.cause,
          controls.clear,
          list.status,
        ),
      ),
      fetches.length ? null : h("p", { class: "empty" }, "There is nothing to list."),
      list.empty,
      box,
      h(
        "p",
        { class: "keys hint" },
        h("kbd", {}, "/"),
        " search · ",
        h("kbd", {}, "↑"),
        h("kbd", {}, "↓"),
        " or ",
        h("kbd", {}, "j"),
        h("kbd", {}, "k"),
        " move · ",
        h("kbd", {}, "Enter"),
        " open · ",
        h("kbd", {}, "Esc"),
        " close, then clear",
      ),
    );
    return list.section;
  }
  function showFilters() {
    for (const [state, button] of controls.states)
      button.setAttribute("aria-pressed", String(filter.states.has(state)));
    for (const name of ["reason", "finding", "policy"]) if (controls[name]) controls[name].value = filter[name];
    if (controls.origin) controls.origin.value = filter.origin === null ? "" : `=${filter.origin}`;
    if (document.activeElement !== list.search || !filter.text) list.search.value = filter.text;
    const endpoint = filter.endpoint === null ? null : data.matrix.endpoints[filter.endpoint];
    only("endpoint", endpoint && `${endpoint[1]} ${host(endpoint[0])}${endpoint[2]}`);
    only("cause", filter.cause === null ? null : data.causes[filter.cause].phrase);
    const narrowed =
      ["reason", "finding", "policy", "text"].some((name) => filter[name]) ||
      ["origin", "endpoint", "cause"].some((name) => filter[name] !== null);
    controls.clear.hidden = same(filter.states, usual) && !narrowed;
  }
  function only(name, what) {
    controls[name].hidden = !what;
    controls[name].replaceChildren(`${what} ✕`);
    controls[name].setAttribute("aria-label", `Only ${what}: remove this filter`);
  }

  // ---- keys ----

  function overRows(event) {
    const line = event.target.closest(".line");
    if (event.key === "Escape") {
      const element = event.target.closest(".row");
      if (element && element.childNodes.length > 1) {
        event.preventDefault();
        event.stopPropagation();
        toggle(element, false);
        element.firstChild.focus();
      }
      return;
    }
    if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
    fillAll();
    const visible = list.visible();
    const at = visible.indexOf(line.parentNode.fetch.index);
    const to = {
      ArrowDown: at + 1,
      j: at + 1,
      ArrowUp: at - 1,
      k: at - 1,
      Home: 0,
      End: visible.length - 1,
      PageDown: at + 10,
      PageUp: at - 10,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to < 0 && event.key === "ArrowUp") return list.search.focus();
    const index = visible[Math.max(0, Math.min(to, visible.length - 1))];
    rove(index);
    list.button(index).focus();
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !typing) {
      event.preventDefault();
      list.section.scrollIntoView({ block: "start" });
      list.search.focus({ preventScroll: true });
      list.search.select();
    } else if (event.key === "Escape" && !typing && !controls.clear.hidden) choose({});
  });

  // ---- all of it ----

  if (data.totals.states.deny) document.title = `${number(data.totals.states.deny)} denied · CORS report`;
  const parts = [summary(), causes(), matrix(), policies(), findings(), requests()].filter(Boolean);
  report.append(
    ...parts,
    h("footer", {}, `cors_addon ${data.version} · this file is whole: it loads nothing and sends nothing`),
  );
  fromHash();
  apply();
  const wanted = opened && byFlow.get(opened);
  if (wanted) show(wanted);
  setTimeout(fillLater);
  addEventListener("hashchange", () => {
    fromHash();
    apply();
    if (opened && byFlow.has(opened)) show(byFlow.get(opened));
  });
  addEventListener("beforeprint", fillAll);
  let narrow = innerWidth < 760;
  addEventListener("resize", () => {
    if (narrow !== innerWidth < 760) {
      narrow = !narrow;
      apply();
    }
  });
})();
