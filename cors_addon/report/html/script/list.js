// The list, its controls and its keys.

const list = { rows: [], chunks: [], current: 0 };
list.button = (index) => list.rows[index].firstChild;
// the newest is on top of the live page
list.visible = () => {
  const found = fetches
    .filter((fetch) => fetch.shown)
    .map((fetch) => fetch.index)
    .filter((index) => list.rows[index]);
  return live ? found.reverse() : found;
};
const add = (parent, ...children) => (live ? parent.prepend(...children.reverse()) : parent.append(...children));

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
    h("span", { class: `why ${fetch.state}` }, fetch.findings.size ? [sign("warn", "small"), " "] : null, why(fetch)),
  );
  const element = h("li", { class: `row ${fetch.state}` }, line);
  element.hidden = !fetch.shown;
  element.fetch = fetch;
  return element;
}
const lacks = (chunk) => chunk.filled < Math.min(CHUNK, fetches.length - chunk.from);
function fillChunk(chunk) {
  if (!lacks(chunk)) return;
  const from = chunk.from + chunk.filled;
  const rows = fetches.slice(from, chunk.from + CHUNK).map(row);
  rows.forEach((element, index) => (list.rows[from + index] = element));
  chunk.filled += rows.length;
  add(chunk.element, ...rows);
}
function grow() {
  list.box.classList.toggle("short", fetches.length <= 500);
  for (let from = list.chunks.length * CHUNK; from < fetches.length; from += CHUNK) {
    const element = h("ol", { class: "chunk", start: from + 1, reversed: Boolean(live) });
    list.chunks.push({ from, element, filled: 0 });
    add(list.box, element);
  }
}
const fillAll = () => list.chunks.forEach(fillChunk);
function fillLater() {
  const until = performance.now() + 12;
  const waiting = list.chunks.filter(lacks);
  if (live) waiting.reverse();
  while (waiting.length && performance.now() < until) fillChunk(waiting.shift());
  if (waiting.length) setTimeout(fillLater);
}
const rowHeight = () => (innerWidth < 760 ? 66 : 37);

const hasShown = (chunk) => fetches.slice(chunk.from, chunk.from + CHUNK).some((fetch) => fetch.shown);
function apply() {
  const wanted = needles();
  let count = 0;
  for (const fetch of fetches) {
    fetch.shown = matches(fetch, wanted);
    count += fetch.shown;
  }
  const some = list.chunks.filter((chunk) => chunk.filled < CHUNK && hasShown(chunk));
  (live ? some.slice(-2) : some.slice(0, 2)).forEach(fillChunk);
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
  const all = fetches.filter((fetch) => !fetch.gone).length;
  list.status.textContent = count === all ? counted(count, "request") : `${number(count)} of ${counted(all, "request")}`;
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
    element.append(fetch.details.some((detail) => detail.brief) ? later(element) : panel(fetch));
    opened = fetch.members[0].id;
  }
  line.setAttribute("aria-expanded", String(!open));
  const chunk = list.chunks[Math.floor(fetch.index / CHUNK)];
  chunk.element.classList.toggle("open", chunk.element.querySelector(".panel") !== null);
  toHash();
}
// on the live page, what a row does not show is asked for first
function later(element) {
  const place = h("div", { class: "panel" }, h("p", { class: "hint" }, "One moment …"));
  whole(element.fetch).then((fetch) => {
    if (place.parentNode !== element) return;
    element.fetch = fetch;
    place.replaceWith(panel(fetch));
  });
  return place;
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

// ---- the filters' controls ----

const controls = {};
function options(values, all) {
  return [h("option", { value: "" }, all), ...values.map(([value, text]) => h("option", { value }, text))];
}
function frequent(of) {
  const counts = new Map();
  for (const fetch of fetches) {
    if (!fetch.gone) for (const value of of(fetch)) counts.set(value, (counts.get(value) || 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1]);
}
function chips() {
  const totals = Object.fromEntries(ORDER.map((state) => [state, 0]));
  for (const fetch of fetches) totals[fetch.state] += !fetch.gone;
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
  list.chips.replaceChildren(...controls.states.map(([, button]) => button));
}
function selects() {
  const select = (name, values, all) => {
    delete controls[name];
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
  const made = [
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
  ];
  list.selects.replaceChildren(...made.filter(Boolean));
}
function requests() {
  list.chips = h("div", { class: "chips", role: "group", "aria-label": "Verdict" });
  list.selects = h("div", { class: "selects" });
  chips();
  selects();
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
  for (const name of ["endpoint", "cause", "found"]) {
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
  list.box = h("div", {
    class: "list",
    keydown: overRows,
    click: (event) => {
      const line = event.target.closest(".line");
      if (line) {
        rove(line.parentNode.fetch.index);
        toggle(line.parentNode);
      }
    },
  });
  grow();
  list.section = section(
    "requests",
    "Requests of pages",
    h(
      "div",
      { class: "filters", role: "search", "aria-label": "Filter requests" },
      list.search,
      list.chips,
      list.selects,
      h(
        "div",
        { class: "chosen" },
        controls.endpoint,
        controls.cause,
        controls.found,
        controls.clear,
        list.status,
      ),
    ),
    fetches.length || live ? null : h("p", { class: "empty" }, "There is nothing to list."),
    list.empty,
    list.box,
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
  for (const [state, button] of controls.states) button.setAttribute("aria-pressed", String(filter.states.has(state)));
  for (const name of ["reason", "finding", "policy"]) if (controls[name]) controls[name].value = filter[name];
  if (controls.origin) controls.origin.value = filter.origin === null ? "" : `=${filter.origin}`;
  if (document.activeElement !== list.search || !filter.text) list.search.value = filter.text;
  const endpoint = filter.endpoint === null ? null : data.matrix.endpoints[filter.endpoint];
  only("endpoint", endpoint && `${endpoint[1]} ${host(endpoint[0])}${endpoint[2]}`);
  only("cause", filter.cause === null ? null : (causeWith(filter.cause) || { phrase: "a cause" }).phrase);
  const found = filter.found === null ? null : foundAs(filter.found) || { name: filter.found };
  only("found", found && [found.name, found.server && `at ${found.server}`].filter(Boolean).join(" "));
  const narrowed =
    ["reason", "finding", "policy", "text"].some((name) => filter[name]) ||
    ["origin", "endpoint", "cause", "found"].some((name) => filter[name] !== null);
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
