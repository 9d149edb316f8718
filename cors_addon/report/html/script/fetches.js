// The requests of pages, each with its preflights and redirects.

const fetches = data.fetches;
fetches.forEach((fetch, index) => {
  fetch.index = index;
  fetch.origin ??= "";
  fetch.key ??= 0;
  fetch.details = fetch.members.map((member) => data.details[member.detail ?? 0]);
  fetch.members.forEach((member) => (member.url ??= fetch.url));
  fetch.main = fetch.details[fetch.key];
  [fetch.server, fetch.path] = split(fetch.url);
  fetch.reasons = new Set(fetch.details.map((detail) => detail.reason).filter(Boolean));
  fetch.findings = new Set(fetch.details.flatMap((detail) => detail.findings || []));
  fetch.flips = new Set(fetch.details.flatMap((detail) => detail.flips || []));
  fetch.engines = new Set(fetch.details.map((detail) => detail.engine));
});
// a cause is what one change mends, as the summary counts it
const causeKey = (reason, stage, server, fix, phrase, status) =>
  JSON.stringify([
    reason,
    stage,
    server,
    fix && fix.headers ? [fix.headers, fix.status] : phrase,
    status >= 400 ? status : 0,
  ]);
const causeOf = new Map(
  data.causes.map((each, index) => [
    causeKey(each.reason, each.stage, each.server, each.fix, each.phrase, each.status),
    index,
  ]),
);
for (const fetch of fetches) {
  fetch.causes = new Set();
  fetch.found = new Set();
  data.findings.forEach((each, index) => {
    const shows = (detail, at) =>
      (detail.findings || []).includes(each.name) && (!each.server || split(fetch.members[at].url)[0] === each.server);
    if (fetch.findings.has(each.name) && fetch.details.some(shows)) fetch.found.add(index);
  });
  fetch.details.forEach((detail, index) => {
    if (detail.state !== "deny") return;
    const found = causeOf.get(
      causeKey(
        detail.reason,
        detail.stage,
        split(fetch.members[index].url)[0],
        detail.fix,
        detail.phrase,
        detail.status,
      ),
    );
    if (found !== undefined) fetch.causes.add(found);
  });
}
const byFlow = new Map(fetches.flatMap((fetch) => fetch.members.map((member) => [member.id, fetch])));

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
  const said = (detail.comment || "").replace(/^[✓✗–] ?(CORS)?[:,]? ?/, "");
  if (said) return said;
  if (fetch.state === "none") return ROLES[detail.role] || detail.role;
  return detail.role === "preflight" ? "preflight" : "";
}
