// The rules in force, on top: a rewritten answer is no mended server. And trying a policy before it is switched on.

let ruling = { rules: [], undoes: "" };
const rulesBox = h("section", { id: "rules", "aria-labelledby": "rules-title" });
let shownRules = "";

function ruled(answer) {
  const seen = Date.now() / 1000;
  for (const rule of answer.rules) rule.since = seen - rule.age;
  ruling = answer;
  const now = JSON.stringify([answer.rules.map(({ name, what, mode, from }) => [name, what, mode, from]), answer.undoes]);
  if (now !== shownRules) {
    shownRules = now;
    const focused = rulesBox.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
    rulesBox.replaceChildren(...drawRules());
    if (focused) [...rulesBox.querySelectorAll("[aria-label]")].find((one) => one.ariaLabel === focused)?.focus();
  }
  ages();
}
function ages() {
  const now = Date.now() / 1000;
  rulesBox.querySelectorAll(".age").forEach((element) => {
    const rule = ruling.rules.find((each) => each.key === element.dataset.rule);
    if (rule) element.textContent = rule.mode === "off" ? "off" : `for ${lasting(now - rule.since)}`;
  });
}
function lasting(seconds) {
  if (seconds < 60) return `${Math.max(Math.round(seconds), 0)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
function drawRules() {
  const { rules, undoes } = ruling;
  const inForce = rules.filter((rule) => rule.mode === "rewrite").length;
  return [
    h(
      "div",
      { class: inForce ? "rules on" : "rules" },
      h(
        "h2",
        { id: "rules-title" },
        inForce
          ? `${counted(inForce, "rule")} in force: what the page gets is not what the server says`
          : rules.length
            ? "No rule is in force"
            : "No rules: pages get what servers say",
      ),
      rules.length
        ? h(
            "ul",
            {},
            rules.map((rule) =>
              h(
                "li",
                {},
                h("button", {
                  type: "button",
                  role: "switch",
                  class: "switch",
                  "aria-checked": String(rule.mode === "rewrite"),
                  "aria-label": `Rule ${rule.name}`,
                  click: () => act("mode", { name: rule.key, mode: rule.mode === "rewrite" ? "off" : "rewrite" }),
                }),
                h("span", {}, h("b", {}, rule.name), h("span", { class: "hint" }, ` ${rule.what}`)),
                h("span", { class: "age", "data-rule": rule.key }),
                rule.from === "file" ? h("span", { class: "pill" }, "file") : null,
                rule.mode === "shadow" ? h("span", { class: "pill" }, "shadow") : null,
              ),
            ),
          )
        : null,
      h(
        "div",
        { class: "actions" },
        undoes ? button("Undo", () => act("undo"), { title: undoes, "aria-label": `Undo: ${undoes}` }) : null,
        button("Try a policy", tryPolicy),
        rules.some((rule) => rule.from === "session") ? button("Save rules", saveRules) : null,
      ),
    ),
  ];
}
async function saveRules() {
  const answer = await act("save");
  if (!answer) return;
  const url = URL.createObjectURL(new Blob([answer.text], { type: "application/yaml" }));
  const link = h("a", { href: url, download: "cors-rules.yaml" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  say("Saved as cors-rules.yaml. Use it with --set cors_policy=cors-rules.yaml");
}

// ---- trying a policy ----

let written = `policies:
  - name: api
    filter: ~d api.example.com
    origins: [https://app.example.com]
    methods: [PUT]
    request-headers: [content-type]
`;
function tryPolicy() {
  const text = h("textarea", { class: "yaml", rows: 12, spellcheck: "false", "aria-label": "Policy, YAML" });
  text.value = written;
  const result = h("div", { class: "tried", role: "status" });
  const use = button("Switch on", switchOn, { hidden: true });
  const edited = () => {
    written = text.value;
    use.hidden = true;
  };
  text.addEventListener("input", edited);
  async function attempt() {
    const tried = text.value;
    const answer = await act("try", { text: tried });
    if (!answer) return result.replaceChildren(told.textContent);
    use.hidden = !answer.usable || text.value !== tried;
    result.replaceChildren(...drawTrial(answer, text));
  }
  async function switchOn() {
    if (await act("use", { text: text.value })) dialog.close();
    else result.replaceChildren(told.textContent);
  }
  inDialog(
    "Try a policy",
    h("p", { class: "hint" }, "Nothing changes until you switch it on. The keys are in docs/policy-file.md."),
    text,
    h("div", { class: "actions" }, button("Try", attempt), use),
    result,
  );
  text.focus();
}
function drawTrial(answer, text) {
  const faults = answer.faults.map(([line, column, severity, message, name]) =>
    h(
      "li",
      { class: severity },
      h(
        "button",
        { type: "button", class: "link", click: () => toLine(text, line) },
        `line ${line}, column ${column}`,
      ),
      ` ${severity}: ${message} `,
      code(name),
    ),
  );
  const parts = faults.length ? [h("ul", { class: "faults" }, faults)] : [];
  if (!answer.usable) return parts.length ? parts : [h("p", {}, "There is no policy in it.")];
  const of = (change) => answer.groups.filter((group) => group[0] === change);
  const total = (groups) => groups.reduce((sum, group) => sum + group[5], 0);
  parts.push(h("p", {}, `Tried on ${counted(answer.tried, "exchange")} that it matches.`));
  for (const [change, state] of [
    ["newly passes", "allow"],
    ["newly fails", "deny"],
    ["fails for another reason", "deny"],
  ]) {
    const groups = of(change);
    if (!groups.length && change === "fails for another reason") continue;
    parts.push(
      h("h3", {}, sign(groups.length ? state : "none", "small"), ` ${number(total(groups))} ${change}`),
      groups.length
        ? h(
            "ul",
            { class: "places" },
            groups
              .slice(0, 30)
              .map(([, policy, origin, endpoint, cause, count]) =>
                h("li", {}, code(endpoint), ` from ${origin} × ${number(count)} · ${policy}`, cause ? ` · ${cause}` : null),
              ),
          )
        : null,
    );
  }
  return parts;
}
function toLine(text, line) {
  const lines = text.value.split("\n");
  const from = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(from, from + (lines[line - 1] || "").length);
}
