// All of it, put on the page.

if (data.totals.states.deny) document.title = `${number(data.totals.states.deny)} denied · CORS report`;
const parts = [summary(), causes(), stopped(), matrix(), browsers(), policies(), findings(), timeline(), requests()].filter(
  Boolean,
);
const sections = parts.filter((part) => part.localName === "section");
if (sections.length > 1) {
  const go = (to) => {
    to.scrollIntoView({ block: "start" });
    to.firstChild.focus({ preventScroll: true });
  };
  const links = sections.map((to) =>
    h("li", {}, h("button", { type: "button", class: "link", click: () => go(to) }, to.firstChild.textContent)),
  );
  parts[0].append(h("nav", { "aria-label": "Sections" }, h("ul", {}, links)));
}
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
