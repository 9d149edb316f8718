// The data as they were before they were packed: see packed.py.

function unpack() {
  const { values } = data;
  const named = (row, names, pooled) =>
    Object.fromEntries(
      names
        .map((name, at) => [name, pooled.has(name) && row[at] != null ? values[row[at]] : row[at]])
        .filter(([, value]) => value != null),
    );
  const pooled = new Set(["origin", "method", "url", "state"]);
  const details = data.details.map((row) => {
    const detail = {};
    for (let at = 0; at < row.length; at += 2) detail[values[row[at]]] = values[row[at + 1]];
    return detail;
  });
  const isCut = details.map((detail) => (detail.console || []).some(Array.isArray));
  data.fetches = data.fetches.map((row) => {
    const fetch = named(row, ["origin", "method", "url", "state", "at", "key", "members"], pooled);
    fetch.members = fetch.members.map((each) => {
      const member = named(each, ["id", "at", "ms", "url", "endpoint", "outcome", "detail", "age", "pair"], pooled);
      if (isCut[member.detail]) {
        const detail = details[member.detail];
        const url = member.url ?? fetch.url;
        member.detail = details.length;
        details.push({ ...detail, console: detail.console.map((line) => (Array.isArray(line) ? line.join(url) : line)) });
      }
      return member;
    });
    return fetch;
  });
  data.details = details;
}
unpack();
