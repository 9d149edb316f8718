// The requests of pages, each with its preflights and redirects.

const fetches = [];
const byFlow = new Map();

function prepare(fetch, details) {
  fetch.origin ??= "";
  fetch.key ??= 0;
  fetch.details = fetch.members.map((member) => details[member.detail ?? 0]);
  fetch.members.forEach((member) => (member.url ??= fetch.url));
  fetch.main = fetch.details[fetch.key];
  [fetch.server, fetch.path] = split(fetch.url);
  fetch.reasons = new Set(fetch.details.map((detail) => detail.reason).filter(Boolean));
  fetch.findings = new Set(fetch.details.flatMap((detail) => detail.findings || []));
  fetch.flips = new Set(fetch.details.flatMap((detail) => detail.flips || []));
  fetch.engines = new Set(fetch.details.map((detail) => detail.engine));
  fetch.rule = fetch.details.map((detail) => detail.rule).find(Boolean);
  return fetch;
}
function take(fetch, details) {
  prepare(fetch, details);
  // what was known of these flows is replaced: a preflight alone, for one, by it with the request it was for
  const known = [...new Set(fetch.members.map((member) => byFlow.get(member.id)).filter(Boolean))];
  fetch.index = known.length ? known[0].index : fetches.length;
  fetches[fetch.index] = fetch;
  for (const other of known.slice(1)) other.gone = true;
  for (const member of fetch.members) byFlow.set(member.id, fetch);
  return fetch;
}
for (const each of data.fetches) take(each, data.details);

// a cause is what one change mends, wherever the same is refused: it says which outcomes it counts
const causeWith = (outcome) => data.causes.find((cause) => cause.outcomes.includes(outcome));
const isOf = (fetch, cause) =>
  fetch.members.some((member, at) => fetch.details[at].state === "deny" && cause.outcomes.includes(member.outcome));
const foundKey = (each) => `${each.name} ${each.server || ""}`;
const foundAs = (key) => data.findings.find((each) => foundKey(each) === key);
const shows = (fetch, each) =>
  fetch.findings.has(each.name) &&
  fetch.details.some(
    (detail, at) =>
      (detail.findings || []).includes(each.name) && (!each.server || split(fetch.members[at].url)[0] === each.server),
  );

function words(fetch) {
  fetch.words ??= [
    fetch.method,
    fetch.origin,
    fetch.url,
    ...fetch.members.flatMap((member) => [member.id, member.url]),
    ...fetch.details.flatMap((detail) => [
      detail.comment,
      detail.reason,
      detail.phrase,
      detail.error,
      detail.status,
      detail.engine,
      detail.client,
      detail.location,
      detail.role,
      detail.body,
      ...(detail.server || []),
      ...(detail.findings || []),
      ...(detail.flips || []),
      ...(detail.because || []),
      ...(detail.asks || []),
      ...(detail.console || []),
      ...(detail.steps || []).map((step) => step[1]),
    ]),
  ]
    .filter(Boolean)
    .join("\n")
    .toLowerCase();
  return fetch.words;
}
function why(fetch) {
  const detail = fetch.main;
  if (fetch.state === "rule") return `by rule ${fetch.rule}`;
  const said = (detail.comment || "").replace(/^[✓✗–] ?(CORS)?[:,]? ?/, "");
  if (said) return said;
  if (fetch.state === "none") return ROLES[detail.role] || detail.role;
  return detail.role === "preflight" ? "preflight" : "";
}
