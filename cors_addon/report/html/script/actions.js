// What the buttons of the live page do. Each asks mitmproxy, which says in a sentence what it did.

async function ask(path, given) {
  const options = { headers: { "X-CORS-Page": live.token }, cache: "no-store", credentials: "same-origin" };
  if (given) Object.assign(options, { method: "POST", body: JSON.stringify(given) });
  const answer = await window.fetch(path, options);
  return [answer.ok, await answer.json()];
}
async function act(name, given) {
  try {
    const [ok, told] = await ask(`/do/${name}`, given || {});
    if (told.rules) ruled(told);
    say(ok ? told.said : told.fault, ok ? "" : "wrong");
    lookSoon();
    return ok ? told : null;
  } catch {
    say("mitmproxy does not answer.", "wrong");
    return null;
  }
}

const told = h("p", { class: "said", role: "status", hidden: true });
function say(text, kind) {
  if (!text) return;
  told.className = `said ${kind || ""}`;
  told.replaceChildren(text);
  told.hidden = false;
}

// ---- copying: a page at cors.test is no secure context, and has no clipboard of its own ----

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "away", "aria-hidden": "true" });
    area.value = text;
    (dialog.open ? dialog : document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

// ---- a dialog ----

const dialog = h("dialog", {});
function inDialog(title, ...children) {
  dialog.replaceChildren(
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id: "dialog-title" }, title),
      h("button", { type: "button", class: "go close", click: () => dialog.close() }, "Close"),
    ),
    ...children.filter(Boolean),
  );
  dialog.setAttribute("aria-labelledby", "dialog-title");
  if (!dialog.open) dialog.showModal();
}
async function showText(title, text, more) {
  const done = await copy(text);
  const note = h("p", { class: "hint", role: "status" }, done ? "Copied." : "Select it and copy it by hand.");
  inDialog(
    title,
    more,
    note,
    h("pre", { class: "diff text", tabindex: 0, "aria-label": title }, text),
    h(
      "button",
      {
        type: "button",
        class: "go",
        click: async () => note.replaceChildren((await copy(text)) ? "Copied." : "Select it and copy it by hand."),
      },
      "Copy",
    ),
  );
}

// ---- the buttons ----

const button = (text, click, more) => h("button", { type: "button", class: "go", click, ...more }, text);
const idsOf = (fetch) => fetch.members.map((member) => member.id);
const copyCurl = async (fetch) => {
  const answer = await act("curl", { ids: [fetch.members[fetch.key].id] });
  if (answer) showText("The same with curl, as far as CORS needs it", answer.text);
};
async function copyFix(ids, target) {
  const answer = await act("fix", { ids, target });
  const choice = h(
    "select",
    { "aria-label": "Server", change: () => copyFix(ids, choice.value) },
    live.targets.map((each) => h("option", { value: each, selected: each === target }, each)),
  );
  const choose = h("label", { class: "hint" }, "For ", choice);
  if (answer) showText(`The fix for ${target}`, answer.text, choose);
  else inDialog(`The fix for ${target}`, choose, h("p", {}, told.textContent));
}
function fixFor(ids, known) {
  const wanted = known || remembered;
  const choice = h(
    "select",
    {
      class: "target",
      "aria-label": "Copy the fix for",
      change: () => {
        if (!choice.value) return;
        remembered = choice.value;
        copyFix(ids(), choice.value);
        choice.value = "";
      },
    },
    h("option", { value: "" }, "Copy the fix for …"),
    live.targets.map((each) => h("option", { value: each }, each)),
  );
  return [wanted ? button(`Copy the fix for ${wanted}`, () => copyFix(ids(), wanted)) : null, choice];
}
let remembered = "";
function inject(ids) {
  const name = h("input", { name: "name", required: true, autocomplete: "off", value: "Access-Control-Allow-Origin" });
  const value = h("input", { name: "value", autocomplete: "off" });
  inDialog(
    "Inject a header",
    h(
      "form",
      {
        class: "fields",
        submit: async (event) => {
          event.preventDefault();
          if (await act("inject", { ids, name: name.value, value: value.value })) dialog.close();
          else fault.replaceChildren(told.textContent);
        },
      },
      h("label", {}, "Header ", name),
      h("label", {}, "Value ", value),
      h("p", { class: "hint" }, "In the answers of this endpoint, from now on. With no value the header is removed."),
      h("button", { class: "go" }, "Inject"),
    ),
  );
  const fault = h("p", { class: "warn", role: "alert" });
  dialog.append(fault);
  value.focus();
}
function fetchActions(fetch) {
  const key = fetch.members[fetch.key];
  return h(
    "div",
    { class: "actions" },
    fetch.origin ? button("Allow here", () => act("allow", { ids: [key.id] }), { title: allowedFor([fetch]) }) : null,
    button("Strip", () => act("strip", { ids: [key.id] }), { title: `Take all CORS headers of ${fetch.server} away` }),
    button("Inject a header", () => inject([key.id])),
    fixFor(() => idsOf(fetch), fetch.details.map((detail) => detail.target).find(Boolean)),
    button("Copy as curl", () => copyCurl(fetch)),
    live.mitmweb
      ? h(
          "a",
          { class: "go", href: `${live.mitmweb}/#/flows/${key.id}/response`, target: "_blank", rel: "noopener noreferrer" },
          "Open in mitmweb",
        )
      : null,
  );
}
const allowedFor = (some) =>
  [...new Set(some.map((fetch) => `${fetch.origin} at ${split(fetch.members[fetch.key].url)[0]}`))].join("; ");
function causeActions(each, listed) {
  // one request for each page and server
  const places = new Map();
  for (const fetch of listed) {
    const at = fetch.members.findIndex((member) => each.outcomes.includes(member.outcome));
    const member = fetch.members[Math.max(at, 0)];
    places.set(`${fetch.origin} ${split(member.url)[0]}`, member.id);
  }
  if (!places.size) return null;
  const ids = [...places.values()];
  return h(
    "div",
    { class: "actions" },
    button(ids.length > 1 ? `Allow at these ${ids.length} places` : "Allow here", () => act("allow", { ids }), {
      title: allowedFor(listed),
    }),
    fixFor(() => listed.slice(-50).flatMap(idsOf), each.target),
  );
}
