// The summary, the causes, the matrix, policies and findings.

function section(id, title, ...children) {
  return h(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    h("h2", { id: `${id}-title`, tabindex: -1 }, title),
    children,
  );
}

function summary() {
  const { judged, read, states, others, seen } = data.totals;
  const denied = states.deny;
  const headline = denied
    ? [sign("deny", "big"), `${number(denied)} of ${counted(judged, "CORS exchange")} denied`]
    : judged
      ? [
          sign(states.depends ? "depends" : states.rule ? "rule" : "allow", "big"),
          `${judged === 1 ? "The CORS exchange is" : `All ${number(judged)} CORS exchanges are`} allowed${states.depends ? ", some only without credentials" : ""}${states.rule ? ", some only by a rule" : ""}`,
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

function firstFew(cards, what) {
  const rest = cards.slice(MAX_CARDS);
  const more = h(
    "button",
    { type: "button", class: "more", click: () => more.replaceWith(...rest) },
    `Show ${counted(rest.length, what)}`,
  );
  return [cards.slice(0, MAX_CARDS), rest.length ? more : null];
}

function causes() {
  if (!data.causes.length) return null;
  return section(
    "causes",
    data.causes.length === 1 ? "The cause" : "Causes",
    firstFew(data.causes.map(cause), "more cause"),
    data.moreCauses ? h("p", { class: "hint" }, `${counted(data.moreCauses, "more cause")} not shown.`) : null,
  );
}
function cause(each) {
  const listed = fetches.filter((fetch) => !fetch.gone && isOf(fetch, each));
  const example = byFlow.get(each.example) || listed[0];
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
        ` · ${counted(each.count, "exchange")} · ${extent(each)}`,
        data.allEngines ? ` · ${each.engines.join(", ")}` : "",
        each.known ? h("span", { class: "pill" }, "known") : null,
      ),
      each.behind ? h("p", {}, each.behind) : null,
      (each.told || []).map((told) => h("p", {}, told)),
      remedied(each.remedies),
      places(each),
      each.console ? h("details", {}, h("summary", {}, "In the browser's console"), consoleText(each.console)) : null,
      explained(each.reason),
      live ? causeActions(each, listed) : null,
      listed.length
        ? h(
            "button",
            { type: "button", class: "go", click: () => choose({ states: new Set(ORDER), cause: each.outcomes[0] }, true) },
            `Show ${listed.length === 1 ? "the request" : `the ${number(listed.length)} requests`}`,
          )
        : null,
    ),
    example ? figure(example) : null,
  );
}

function extent(each) {
  const servers = each.servers.length + (each.moreServers || 0);
  const endpoints = each.endpoints.length + (each.moreEndpoints || 0);
  return servers > 1
    ? `${counted(servers, "server")}, ${counted(endpoints, "endpoint")}`
    : `${counted(endpoints, "endpoint")} of ${each.servers[0]}`;
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
  const asking = new Set(cells.map((cell) => cell[1]));
  const columns = weight(1, origins.length).filter((origin) => asking.has(origin));
  const kept = columns.length > MAX_ORIGINS + 1 ? columns.slice(0, MAX_ORIGINS) : columns;
  const place = new Map(kept.map((origin, index) => [origin, index]));
  const others = columns.length - kept.length;
  const counts = new Set(cells.map((cell) => cell[0]));
  const rows = new Map(
    weight(0, endpoints.length)
      .filter((endpoint) => counts.has(endpoint))
      .map((endpoint) => [endpoint, []]),
  );
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

// ---- what was never sent, what else stopped, and where browsers differ ----

function rowsOf(names, rows, label) {
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    h(
      "table",
      { class: "plain" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          names.map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((cells) =>
          h(
            "tr",
            {},
            cells.map((cell) => h("td", {}, cell)),
          ),
        ),
      ),
    ),
  );
}
function stopped() {
  const { neverSent, blocked } = data;
  if (!neverSent.length && !blocked.length) return null;
  const unsent = neverSent.reduce((sum, [, , count]) => sum + count, 0);
  return section(
    "stopped",
    "What never left the browser, or was stopped by something else",
    neverSent.length
      ? [
          h(
            "p",
            { class: "hint" },
            `${counted(unsent, "request")} ${unsent === 1 ? "was" : "were"} never sent: the preflight was refused.`,
          ),
          rowsOf(
            ["Page", "Never sent", "Times"],
            neverSent.map(([origin, endpoint, count]) => [origin, code(endpoint), number(count)]),
            "Requests that were never sent",
          ),
        ]
      : null,
    blocked.length
      ? [
          h("p", { class: "hint" }, "Stopped, though not by CORS:"),
          rowsOf(
            ["Page", "Load", "Stopped by", "What to do", "Times"],
            blocked.map((each) => [
              each.origin,
              each.what,
              [sign("stopped", "small"), " ", each.phrase, each.behind ? h("p", { class: "hint" }, each.behind) : null],
              remedied(each.remedies),
              number(each.count),
            ]),
            "Loads that something beside CORS stopped",
          ),
        ]
      : null,
  );
}
function browsers() {
  const rows = data.browserRows;
  if (!rows.length || data.allEngines) return null;
  const names = rows[0].browsers.map(([name]) => name);
  return section(
    "browsers",
    "Where browsers differ",
    h("p", { class: "hint" }, "The same answer, as each of them decides."),
    rowsOf(
      ["Page", "Endpoint", ...names],
      rows.map((row) => [
        row.origin,
        code(row.endpoint),
        ...row.browsers.map(([, verdict, phrase]) => [
          sign(VERDICTS[verdict] || "none", "small"),
          phrase ? h("span", { class: "aside" }, ` ${phrase}`) : null,
        ]),
      ]),
      "Where browsers differ",
    ),
  );
}

// ---- when, and what preflights cost ----

const PAUSE = 1;
const MAX_BARS = 60;
function timeline() {
  const timed = fetches.filter((fetch) => !fetch.gone && fetch.state !== "none" && fetch.at !== undefined);
  if (!timed.length) return null;
  timed.sort((one, other) => one.at - other.at);
  const ends = (fetch) => Math.max(...fetch.members.map((each) => (each.at ?? fetch.at) + (each.ms || 0) / 1000));
  // the last ones that came without a pause
  let from = timed.length - 1;
  while (from > 0 && timed.length - from < MAX_BARS && timed[from].at - ends(timed[from - 1]) < PAUSE) from -= 1;
  const shown = timed.slice(from);
  const start = shown[0].at;
  const span = Math.max(...shown.map(ends)) - start || 0.001;
  const { preflights, requests, seconds: spent, maxAge, needed } = data.preflights;
  return section(
    "timeline",
    "Time line",
    preflights
      ? h(
          "p",
          { class: "hint" },
          `${number(preflights)} of ${counted(requests, "request")} ${preflights === 1 ? "is a preflight" : "are preflights"}, ${spent < 1 ? duration(spent * 1000) : `${spent.toFixed(1)} s`}`,
          needed < preflights ? `; with Access-Control-Max-Age: ${maxAge} it would be ${number(needed)}` : "",
          ".",
        )
      : null,
    h(
      "ol",
      { class: "waterfall" },
      shown.map((fetch) => {
        const bars = h("span", { class: "bars" });
        fetch.members.forEach((member, at) => {
          if (member.at === undefined) return;
          const bar = h("span", {
            class: `bar-of ${fetch.details[at].role === "preflight" ? "ask" : ""} ${fetch.details[at].state}`,
            title: `${fetch.details[at].method} ${duration(member.ms)}`,
          });
          bar.style.left = `${Math.min(((member.at - start) / span) * 100, 99)}%`;
          bar.style.width = `${Math.max(((member.ms || 0) / 10 / span), 0.4)}%`;
          bars.append(bar);
        });
        return h(
          "li",
          {},
          h(
            "button",
            { type: "button", class: "link", click: () => show(fetch) },
            h("span", { class: "method" }, fetch.method),
            ` ${fetch.path}`,
          ),
          bars,
          h("span", { class: "time" }, duration((ends(fetch) - fetch.at) * 1000)),
        );
      }),
    ),
    h(
      "p",
      { class: "hint" },
      `${shown.length < timed.length ? `The last ${counted(shown.length, "request")} without a pause of a second. ` : ""}Hatched: preflights. The whole width is ${duration(span * 1000)}, from ${clock(start)}.`,
    ),
  );
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

function places(each) {
  if (!each.endpoints) return null;
  return h(
    "ul",
    { class: "places" },
    each.endpoints.map(([name, count]) =>
      h("li", {}, code(name), count > 1 ? h("span", { class: "times" }, ` × ${number(count)}`) : null),
    ),
    each.moreEndpoints ? h("li", { class: "hint" }, `and ${number(each.moreEndpoints)} more`) : null,
  );
}

function findings() {
  if (!data.findings.length) return null;
  return section("findings", "Security findings", firstFew(data.findings.map(finding), "more finding"));
}
function finding(each) {
  const listed = fetches.filter((fetch) => !fetch.gone && shows(fetch, each)).length;
  return h(
    "article",
    { class: "finding" },
    h("h3", {}, sign(each.severity === "note" ? "note" : "warn"), h("span", {}, each.phrase || each.name)),
    h(
      "p",
      { class: "what" },
      each.phrase ? [code(each.name), " "] : null,
      each.server ? ["at ", each.server, " "] : null,
      `· ${counted(each.count, "exchange")}`,
      each.known ? h("span", { class: "pill" }, "known") : null,
    ),
    each.fix ? h("pre", { class: "diff", tabindex: 0, "aria-label": "What to change" }, each.fix.join("\n")) : null,
    places(each),
    explained(each.name),
    listed
      ? h(
          "button",
          { type: "button", class: "go", click: () => choose({ states: new Set(ORDER), found: foundKey(each) }, true) },
          `Show ${listed === 1 ? "the request" : `the ${number(listed)} requests`}`,
        )
      : null,
  );
}
