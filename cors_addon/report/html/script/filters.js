// What is listed; the address keeps it.

const usual = new Set(ORDER);
if (live || fetches.some((fetch) => fetch.state !== "none")) usual.delete("none");
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
  if (fetch.gone || !filter.states.has(fetch.state)) return false;
  if (filter.reason && !fetch.reasons.has(filter.reason)) return false;
  if (filter.origin !== null && fetch.origin !== filter.origin) return false;
  if (filter.finding && !fetch.findings.has(filter.finding)) return false;
  if (filter.policy && !fetch.flips.has(filter.policy)) return false;
  if (filter.cause !== null && !isOf(fetch, causeWith(filter.cause) || { outcomes: [] })) return false;
  if (filter.found !== null && !shows(fetch, foundAs(filter.found) || {})) return false;
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
  const numbered = (name, isKnown) => {
    const found = parts.get(name) || "";
    return /^\d+$/.test(found) && isKnown(Number(found)) ? Number(found) : null;
  };
  filter.endpoint = numbered("endpoint", (at) => data.matrix.endpoints[at]);
  filter.cause = numbered("cause", causeWith);
  filter.found = foundAs(parts.get("found")) ? parts.get("found") : null;
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
