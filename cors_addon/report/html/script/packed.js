// The data as they were before they were packed: see packed.py.

function unpack() {
  const { values, rows } = data;
  const pooled = new Set(rows.pooled);
  const named = (row, names) =>
    Object.fromEntries(
      names
        .map((name, at) => [name, pooled.has(name) && row[at] != null ? values[row[at]] : row[at]])
        .filter(([, value]) => value != null),
    );
  const details = data.details.map((row) => {
    const detail = {};
    for (let at = 0; at < row.length; at += 2) detail[values[row[at]]] = values[row[at + 1]];
    return detail;
  });
  const isCut = details.map((detail) => (detail.console || []).some(Array.isArray));
  data.fetches = data.fetches.map((row) => {
    const fetch = named(row, rows.fetch);
    fetch.members = fetch.members.map((each) => {
      const member = named(each, rows.member);
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
