"use strict";
/* An image, or two compared. Every text of an image goes in as text, never as markup. */
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const diff = report.kind === "diff";
  const byId = (name) => document.getElementById(name);
  const query = byId("query");
  let part = report.parts[0], trail = [], mark = -1;

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children);
    return made;
  }

  function amount(bytes) {
    let value = Math.abs(bytes), unit = "bytes";
    for (unit of ["bytes", "KiB", "MiB", "GiB"]) {
      if (value < 1024 || unit === "GiB") break;
      value /= 1024;
    }
    return `${unit === "bytes" ? value : value.toFixed(1)} ${unit}`;
  }
  const signed = (bytes) => bytes === 0 ? "±0" : `${bytes > 0 ? "+" : "−"}${amount(bytes)}`;

  function head() {
    byId("title").textContent = report.title;
    byId("origin").textContent = report.origin;
    byId("budgets").append(...report.budgets.map((each) => element("li", {},
      `${each.name} `, element("meter", { min: 0, max: each.limit, value: each.used, "aria-label": `Budget of ${each.name}` }),
      element("span", { class: each.used > each.limit ? "over" : false },
        ` ${amount(each.used)} of ${amount(each.limit)} (${Math.round(100 * each.used / each.limit)} %)`))));
    const summary = byId("summary");
    if (report.wrong.length)
      summary.append(element("ul", { class: "warnings", "aria-label": "Wrong" }, ...report.wrong.map((text) => element("li", {}, text))));
    summary.append(element("div", { class: "facts" },
      ...report.facts.map(([name, value]) => element("span", {}, element("span", { class: "soft" }, `${name}: `), value)),
      ...report.untold.map((text) => element("span", { class: "soft" }, `Not known: ${text}`))));
  }

  function say(path, data) {
    const owner = data[3] >= 0 ? ` – ${part.packages[data[3]][0]}` : "";
    byId("hover").textContent = `/${[...trail.map((each) => each[0]), path].join("/")}: ${amount(data[1])}${diff ? `, ${signed(data[2])}` : ""}${owner}`;
  }

  function crumbs() {
    const names = [part.tree, ...trail];
    byId("crumbs").replaceChildren(...names.map((node, depth) => element("button",
      { type: "button", class: "text", "aria-current": depth === trail.length ? "location" : false,
        onclick: () => { trail = trail.slice(0, depth); draw(); } },
      `${depth ? node[0] : "/"} (${amount(node[1])}${diff ? `, ${signed(node[2])}` : ""})`)));
  }

  function draw() {
    const node = trail.length ? trail[trail.length - 1] : part.tree;
    crumbs();
    const drawn = Treemap.draw(byId("drawing"), node, { diff, mark, say,
      open: (chain) => { trail = [...trail, ...chain]; draw(); byId("crumbs").lastChild.focus(); } });
    byId("nothing").hidden = drawn > 0;
  }

  function table() {
    const wanted = query.value.trim().toLowerCase();
    const rows = part.packages.map((each, number) => [number, ...each])
      .filter(([, name, , , more]) => `${name} ${more}`.toLowerCase().includes(wanted))
      .sort((a, b) => (diff ? Math.abs(b[3]) - Math.abs(a[3]) : b[2] - a[2]) || (a[1] < b[1] ? -1 : 1));
    const heads = ["Package", "Size", ...(diff ? ["Growth", "Versions"] : ["Licences"])];
    byId("table").querySelector("caption").textContent = `${rows.length} of ${part.packages.length} packages`;
    byId("table").querySelector("thead tr").replaceChildren(...heads.map((text) => element("th", { scope: "col" }, text)));
    byId("table").querySelector("tbody").replaceChildren(...rows.map(([number, name, size, growth, more]) => element("tr", {},
      element("td", {}, element("button", { type: "button", class: "text", "aria-pressed": String(number === mark),
        onclick: () => { mark = mark === number ? -1 : number; table(); draw(); } }, name)),
      element("td", { class: "number" }, amount(size)), ...(diff ? [element("td", { class: "number" }, signed(growth))] : []), element("td", {}, more))));
  }

  function start() {
    head();
    if (!part) { byId("nothing").hidden = false; return; }
    const choice = byId("part");
    choice.append(...report.parts.map((each, number) => element("option", { value: number }, each.name)));
    choice.addEventListener("change", () => { part = report.parts[choice.value]; trail = []; mark = -1; table(); draw(); });
    const usr = (part.tree[4] || []).find((each) => each[0] === "usr" && each[4]);
    if (usr) trail = [usr];
    query.addEventListener("input", table);
    addEventListener("resize", draw);
    addEventListener("keydown", (event) => {
      if (event.key === "/" && document.activeElement !== query) { query.focus(); event.preventDefault(); }
      if (event.key === "Escape" && trail.length && document.activeElement !== query) { trail = trail.slice(0, -1); draw(); }
    });
    table();
    draw();
  }
  start();
})();
