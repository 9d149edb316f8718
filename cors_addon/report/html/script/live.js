// The live page: asks for what changed, and draws that anew. Told of news by events on its own port; through the proxy it
// asks now and then.

const MOST_FETCHES = 7000;
const state = { generation: 0, version: 0, looking: false, timer: 0, due: 0, again: false, overview: "" };
const PARTS = {
  summary: [summary, (all) => [all.totals, all.listed, all.overflowed]],
  causes: [causes, (all) => [all.causes, all.moreCauses, all.reasons]],
  stopped: [stopped, (all) => [all.neverSent, all.blocked]],
  matrix: [matrix, (all) => all.matrix],
  browsers: [browsers, (all) => all.browserRows],
  policies: [policies, (all) => all.policies],
  findings: [findings, (all) => all.findings],
  timeline: [timeline, () => state.version],
};
const boxes = new Map(Object.keys(PARTS).map((name) => [name, h("div", { class: "part" })]));
const drawnOf = new Map();

function drawParts() {
  for (const [name, [build, depends]] of Object.entries(PARTS)) {
    const key = JSON.stringify(depends(data));
    if (drawnOf.get(name) === key) continue;
    drawnOf.set(name, key);
    renew(boxes.get(name), build());
  }
}
// what was open stays open, and what had the focus has it again
function renew(place, made) {
  const open = [...place.querySelectorAll("details")].map((one) => one.open);
  const focusable = "button, a, select, summary, [tabindex]";
  const at = [...place.querySelectorAll(focusable)].indexOf(document.activeElement);
  place.replaceChildren(...(made ? [made] : []));
  [...place.querySelectorAll("details")].forEach((one, index) => (one.open = Boolean(open[index])));
  if (at >= 0) place.querySelectorAll(focusable)[at]?.focus({ preventScroll: true });
}

// ---- asking ----

async function look() {
  if (state.looking) return void (state.again = true);
  state.looking = true;
  clearTimeout(state.timer);
  let wait = 2;
  try {
    const [ok, changes] = await ask(`/changes?generation=${state.generation}&since=${state.version}`);
    if (!ok) throw new Error("refused");
    document.body.classList.remove("lost");
    wait = learn(changes);
  } catch {
    document.body.classList.add("lost");
  }
  state.looking = false;
  const due = wait * 1000;
  state.due = performance.now() + due;
  // without events the page asks by itself
  const idle = listening() ? 15000 : 2000;
  state.timer = setTimeout(look, state.again || wait === 0 ? due : Math.max(due, idle));
  state.again = false;
}
function lookSoon() {
  state.again = state.looking;
  if (state.looking) return;
  clearTimeout(state.timer);
  state.timer = setTimeout(look, 0);
}
function hear() {
  if (state.looking) return void (state.again = true);
  clearTimeout(state.timer);
  state.timer = setTimeout(look, Math.max(0, state.due - performance.now()));
}
let events = null;
const listening = () => events && events.readyState === EventSource.OPEN;
function listen() {
  events = new EventSource("/events");
  events.addEventListener("message", hear);
}

function learn(changes) {
  if (changes.generation !== state.generation) {
    if (state.generation) return void location.reload();
    state.generation = changes.generation;
  }
  const fresh = changes.version !== state.version || !drawnOf.size;
  state.version = changes.version;
  if (changes.overview) Object.assign(data, changes.overview);
  ruled(changes);
  const changed = changes.fetches.map((each) => take(each, changes.details));
  if (fetches.length > MOST_FETCHES) return void location.reload();
  if (fresh) {
    for (const fetch of changed) redraw(fetch);
    grow();
    chips();
    if (!list.selects.contains(document.activeElement)) selects();
    apply();
    drawParts();
    setTimeout(fillLater);
    openWanted();
    if (data.causes.length) requestAnimationFrame(() => setTimeout(() => performance.mark("causes")));
  }
  document.title = data.totals.states.deny ? `${number(data.totals.states.deny)} denied · CORS` : "CORS";
  return changes.wait;
}
function redraw(fetch) {
  const old = list.rows[fetch.index];
  if (!old) return;
  const open = old.childNodes.length > 1;
  const focused = old.contains(document.activeElement);
  const made = row(fetch);
  list.rows[fetch.index] = made;
  old.replaceWith(made);
  if (open) toggle(made, true);
  if (focused) made.firstChild.focus({ preventScroll: true });
}
let wantedFlow = "";
function openWanted() {
  if (!wantedFlow || !byFlow.has(wantedFlow)) return;
  const fetch = byFlow.get(wantedFlow);
  wantedFlow = "";
  show(fetch);
}

// all of a request, where only what its row shows is known
async function whole(fetch) {
  if (!fetch.details.some((detail) => detail.brief)) return fetch;
  const [ok, answer] = await ask(`/detail?id=${encodeURIComponent(fetch.members[0].id)}`);
  if (!ok) return fetch;
  Object.assign(data.reasons, { ...answer.reasons, ...data.reasons });
  fetch.details = answer.fetch.members.map((member) => answer.details[member.detail ?? 0]);
  if (fetch.details.length !== fetch.members.length) return take(answer.fetch, answer.details);
  fetch.main = fetch.details[fetch.key];
  return fetch;
}

// ---- the start ----

fromHash();
wantedFlow = opened;
report.append(
  told,
  rulesBox,
  ...boxes.values(),
  requests(),
  h(
    "footer",
    {},
    `cors_addon ${data.version} · live, in this browser alone · `,
    h("a", { href: "/help/" }, "all reasons"),
    live.mitmweb ? [" · ", h("a", { href: live.mitmweb }, "mitmweb")] : null,
  ),
  dialog,
);
list.empty.textContent = "Nothing yet: open the page that fails, in the proxied browser.";
ruled({ rules: [], undoes: "" });
apply();
addEventListener("hashchange", () => {
  fromHash();
  apply();
  wantedFlow = opened;
  openWanted();
});
addEventListener("beforeprint", fillAll);
let narrow = innerWidth < 760;
addEventListener("resize", () => {
  if (narrow !== innerWidth < 760) {
    narrow = !narrow;
    apply();
  }
});
setInterval(ages, 1000);
listen();
look();
