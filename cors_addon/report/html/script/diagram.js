// The sequence diagram: page, browser, servers, and where it stopped.

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
  // a header's name and a URL are broken after their hyphens and slashes
  for (const part of text.split(/(?<=[\s/-])(?![\s/-])/)) {
    if (line && measure((line + part).trimEnd(), size) > room) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += part;
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
    stopped: () => [
      s("rect", { x: -8.5, y: -8.5, width: 17, height: 17, rx: 3 }),
      s("path", { d: "M-3.5-3.5 3.5 3.5M3.5-3.5-3.5 3.5" }),
    ],
    allow: () => [s("circle", { r: 9 }), s("path", { d: "M-4 .3-1.2 3.2 4.2-3" })],
    depends: () => [
      s("polygon", { points: "0,-11 11,0 0,11 -11,0" }),
      s("path", { d: "M-2.6-2.4c0-3.6 5.4-3.4 5.2-.2-.2 1.8-2.6 1.8-2.6 3.8M0 4.7v.4" }),
    ],
    none: () => [s("circle", { r: 7 }), s("path", { d: "M-3 0H3" })],
    rule: () => [s("rect", { x: -8.5, y: -8.5, width: 17, height: 17, rx: 4 }), s("path", { d: "M-4 .3-1.2 3.2 4.2-3" })],
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
  // the last lane stands for all the servers that have none of their own; there a request is shown with its host
  const others = new Set(fetch.members.map((member) => split(member.url)[0])).size - servers.length;
  const target = (member) => {
    const [server, path] = split(member.url);
    return others && laneOf(member.url) === lanes.length - 1 ? host(server) + path : path;
  };
  const lanes = noBrowser
    ? [["client", "Client", "no browser"]]
    : [
        ["page", "Page", fetch.origin ? host(fetch.origin) : "unknown origin"],
        ["browser", "Browser", fetch.main.engine === "standard" ? "" : fetch.main.engine],
      ];
  servers.forEach((server, index) => {
    const several = others && index === servers.length - 1;
    lanes.push(["server", several ? "Servers" : "Server", several ? `${others + 1} of them` : host(server)]);
  });
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
    if (lines.some((line) => line.endsWith("…"))) parts.at(-1).append(s("title", {}, text));
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
    const path = target(member);
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
    else if (detail.state === "stopped") mark("stopped", detail.phrase);
    else if (detail.state === "depends") mark("depends", cause(detail));
    else if (detail.state === "rule") mark("rule", "by the rule");
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
    const goesOn = detail.contradiction || ["allow", "rule", "depends"].includes(detail.state);
    if (preflight) {
      if (detail.contradiction)
        arrow(B, lane, [`${fetch.method} was sent all the same`, "sent all the same"], { kind: "perhaps" });
      else if (goesOn) arrow(B, lane, [`${fetch.method} not seen`, "not seen"], { kind: "ghost" });
      else arrow(B, lane, [`${fetch.method} never sent`, "never sent"], { kind: "ghost denied", reach: 0.3 });
    } else if (detail.role === "redirect" && !goesOn) {
      arrow(B, lane, "not followed", { kind: "ghost denied", reach: 0.3 });
    }
    if (["deny", "stopped"].includes(detail.state) && !detail.contradiction)
      arrow(B, 0, ["no answer for the page", "no answer"], { kind: "denied", reach: 0.55, bold: true });
    else if (preflight) return;
    else if (detail.role === "redirect") arrow(B, 0, ["what followed was not seen", "not seen"], { kind: "ghost" });
    else if (detail.state === "allow") arrow(B, 0, "the answer", { kind: "allowed", bold: true });
    else if (detail.state === "rule") arrow(B, 0, "the changed answer", { kind: "ruled", bold: true });
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
    boxWidth < 84 ? null : icon(kind, boxAt(lane) - measure(name, 12.5, 600) / 2 - 10, 5),
    s("text", { class: "lane", x: boxAt(lane) + (boxWidth < 84 ? 0 : 9), y: 18 }, name),
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
    if (known && known.fetch.details.some((detail) => detail.brief)) {
      // on the live page, what a row does not show is asked for first
      if (!known.asked) {
        known.asked = true;
        whole(known.fetch).then((fetch) => {
          known.fetch = fetch;
          known.width = Math.max(260, Math.min(Math.floor(target.clientWidth), 720));
          target.replaceChildren(diagram(fetch, known.width));
        });
      }
      continue;
    }
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
