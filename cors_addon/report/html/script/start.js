// All of it, put on the page.

if (data.totals.states.deny) document.title = `${number(data.totals.states.deny)} denied · CORS report`;
const parts = [summary(), causes(), matrix(), policies(), findings(), requests()].filter(Boolean);
report.append(
  ...parts,
  h("footer", {}, `cors_addon ${data.version} · this file is whole: it loads nothing and sends nothing`),
);
fromHash();
apply();
const wanted = opened && byFlow.get(opened);
if (wanted) show(wanted);
setTimeout(fillLater);
addEventListener("hashchange", () => {
  fromHash();
  apply();
  if (opened && byFlow.has(opened)) show(byFlow.get(opened));
});
addEventListener("beforeprint", fillAll);
let narrow = innerWidth < 760;
addEventListener("resize", () => {
  if (narrow !== innerWidth < 760) {
    narrow = !narrow;
    apply();
  }
});
