// One request, opened.

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
function remedied(remedies) {
  return (remedies || []).map((remedy, index) => [
    h("p", { class: "remedy" }, h("strong", {}, index ? "Or " : "Fix "), remedy.what),
    remedy.lines
      ? h(
          "pre",
          { class: "diff", tabindex: 0, "aria-label": "What to change" },
          remedy.lines.map(([sign, text]) =>
            sign ? h(sign === "-" ? "del" : "ins", {}, `${sign} ${text}`) : h("div", {}, `  ${text}`),
          ),
        )
      : null,
    remedy.why ? h("p", { class: "hint" }, remedy.why) : null,
    remedy.opens ? h("p", { class: "hint" }, "Opens: ", remedy.opens, ".") : null,
  ]);
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

// ---- one request, opened ----

function panel(fetch) {
  const detail = fetch.main;
  const member = fetch.members[fetch.key];
  const refused =
    detail.phrase && (["deny", "stopped", "depends"].includes(fetch.state) || detail.role === "non-browser");
  const facts = h(
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
    fact("Began", moment(fetch.at)),
    fact("Client", detail.client),
    fact("Flow", fetch.members.map((each) => each.id).join(" ")),
  );
  return h(
    "div",
    { class: "panel" },
    live ? fetchActions(fetch) : null,
    h(
      "div",
      { class: "story" },
      figure(fetch),
      h(
        "div",
        { class: "told" },
        refused
          ? h("h3", {}, detail.phrase)
          : h("h3", {}, ["allow", "rule"].includes(fetch.state) ? passed(fetch) : why(fetch) || ROLES[detail.role]),
        refused
          ? h(
              "p",
              { class: "what" },
              detail.gate ? `Stopped by ${detail.gate}, though CORS allows it` : [code(detail.reason), " "],
              STAGES[detail.stage],
              fetch.state === "depends" ? `: ${why(fetch).replace(/^but /, "")}` : "",
            )
          : null,
        refused ? null : facts,
        detail.behind ? h("p", {}, detail.behind) : null,
        detail.body ? h("p", {}, "Its body begins: ", h("q", {}, detail.body)) : null,
        (detail.server || []).map((told) => h("p", {}, told)),
        detail.contradiction ? h("p", { class: "warn" }, "Contradicted: ", detail.contradiction) : null,
        remedied(detail.remedies),
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
    refused ? facts : null,
    h(
      "ol",
      { class: "checks" },
      fetch.members.map((each, index) => checks(fetch, each, fetch.details[index])),
    ),
    [...fetch.reasons].map(explained),
    [...fetch.findings].map(explained),
  );
}
function passed(fetch) {
  if (!fetch.rule) return "Every check passed.";
  const refused = fetch.details.map((detail) => detail.rewritten).find((one) => one && one.serverVerdict === "deny");
  const own = refused ? ` The server's own answer is refused${refused.serverReason ? `: ${refused.serverReason}` : ""}.` : "";
  return `Allowed by the rule ${fetch.rule}.${own}`;
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
