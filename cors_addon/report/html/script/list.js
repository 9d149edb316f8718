// The list, its controls and its keys.

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
    h("span", { class: `why ${fetch.state}` }, fetch.findings.size ? [sign("warn", "small"), " "] : null, why(fetch)),
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
    count === fetches.length ? counted(count, "request") : `${number(count)} of ${counted(fetches.length, "request")}`;
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
        controls.found,
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
  for (const [state, button] of controls.states) button.setAttribute("aria-pressed", String(filter.states.has(state)));
  for (const name of ["reason", "finding", "policy"]) if (controls[name]) controls[name].value = filter[name];
  if (controls.origin) controls.origin.value = filter.origin === null ? "" : `=${filter.origin}`;
  if (document.activeElement !== list.search || !filter.text) list.search.value = filter.text;
  const endpoint = filter.endpoint === null ? null : data.matrix.endpoints[filter.endpoint];
  only("endpoint", endpoint && `${endpoint[1]} ${host(endpoint[0])}${endpoint[2]}`);
  only("cause", filter.cause === null ? null : data.causes[filter.cause].phrase);
  const found = filter.found === null ? null : data.findings[filter.found];
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
