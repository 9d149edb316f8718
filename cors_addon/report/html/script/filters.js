// What is listed; the address keeps it.

const usual = new Set(ORDER);
if (fetches.some((fetch) => fetch.state !== "none")) usual.delete("none");
const unfiltered = () => ({
  states: new Set(usual),
  reason: "",
  origin: null,
  finding: "",
  policy: "",
  endpoint: null,
  cause: null,
  found: null,
  text: "",
});
const filter = unfiltered();
const needles = () => filter.text.toLowerCase().split(/\s+/).filter(Boolean);

function matches(fetch, wanted) {
  if (!filter.states.has(fetch.state)) return false;
  if (filter.reason && !fetch.reasons.has(filter.reason)) return false;
  if (filter.origin !== null && fetch.origin !== filter.origin) return false;
  if (filter.finding && !fetch.findings.has(filter.finding)) return false;
  if (filter.policy && !fetch.flips.has(filter.policy)) return false;
  if (filter.cause !== null && !fetch.causes.has(filter.cause)) return false;
  if (filter.found !== null && !fetch.found.has(filter.found)) return false;
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
  for (const name of ["endpoint", "cause", "found"]) if (filter[name] !== null) parts.set(name, filter[name]);
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
    ["found", data.findings],
  ]) {
    filter[name] = /^\d+$/.test(parts.get(name) || "") && known[parts.get(name)] ? Number(parts.get(name)) : null;
  }
  filter.text = parts.get("q") || "";
  opened = parts.get("flow") || "";
}
function choose(change, jump) {
  Object.assign(filter, unfiltered(), change);
  apply();
  if (jump) {
    list.section.scrollIntoView({ block: "start" });
    const first = list.visible()[0];
    (first ? list.button(first) : list.search).focus({ preventScroll: true });
  }
}
