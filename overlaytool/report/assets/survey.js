"use strict";
/* A survey's packages. Every text of a tree goes in as text, never as markup. */
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const { rows, texts } = report;
  const STEP = 150;
  const outcomes = {
    free: ["free", "nothing changes but the target"], possible: ["possible", "on every board"],
    partly: ["partly", "on some boards only"], manual: ["manual", "leaves work for a person"],
    refused: ["refused", "cannot be had"], failed: ["failed", "could not be worked out"],
  };
  const rank = Object.fromEntries(Object.keys(outcomes).map((name, index) => [name, index]));
  const byId = (id) => document.getElementById(id);
  const [query, outcome, category, reason] = ["query", "outcome", "category", "reason"].map(byId);
  const table = byId("table");
  const body = table.tBodies[0];

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children);
    return made;
  }
  const count = (row, ...names) => names.reduce((sum, name) => sum + (row[name] ? row[name].length : 0), 0);
  function bytes(size) {
    if (!size) return "–";
    const units = ["B", "KiB", "MiB", "GiB"];
    let step = 0;
    let value = size;
    while (value >= 1024 && step < units.length - 1) { value /= 1024; step += 1; }
    return `${step && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
  }
  const had = (row) => row.o !== "refused" && row.o !== "failed";
  for (const row of rows) {
    row.imports = count(row, "adds", "updates");
    row.changes = count(row, "keywords", "use", "eclasses_added", "eclasses_updated", "license_texts");
    row.cost = (had(row) ? 0 : 1e12) + rank[row.o] * 1e9 + row.imports * 1e5 + row.changes * 100
      + Math.min(99, (row.download || 0) / 1e8);
  }

  const columns = [
    { title: "Package", value: (row) => row.p },
    { title: "Outcome", value: (row) => row.cost },
    { title: "Imports", value: (row) => row.imports, number: true },
    { title: "Keywords", value: (row) => count(row, "keywords"), number: true },
    { title: "USE", value: (row) => count(row, "use"), number: true },
    { title: "Eclasses", value: (row) => count(row, "eclasses_added", "eclasses_updated"), number: true },
    { title: "Download", value: (row) => row.download || 0, number: true },
    { title: "In image", value: (row) => count(row, "image"), number: true },
    { title: "What it is, or why not", value: (row) => said(row) },
  ];
  let order = { column: 1, descending: false };
  let shown = rows;
  let filled = 0;
  const opened = new Set();

  const said = (row) => row.r ? texts[row.r[2]] : row.description || "";
  function searched(row) {
    if (row.text === undefined) row.text = `${row.p} ${said(row)} ${row.description || ""}`.toLowerCase();
    return row.text;
  }

  function made(row) {
    const name = element("button", { type: "button", class: "text", "aria-expanded": String(opened.has(row.p)),
      onclick: () => toggle(row) }, row.p);
    const cells = columns.slice(2, 6).map((column) => column.value(row));
    const number = (text) => element("td", { class: "number" }, text);
    return element("tr", { "data-package": row.p },
      element("td", {}, name),
      element("td", {}, element("span", { class: `outcome ${row.o}` }, outcomes[row.o][0])),
      ...cells.map((value) => number(had(row) ? String(value) : "")),
      number(had(row) ? bytes(row.download) : ""),
      number(had(row) ? String(count(row, "image")) : ""),
      element("td", {}, said(row)));
  }

  function details(row) {
    const list = element("dl", {});
    const add = (title, value) => {
      const words = Array.isArray(value) ? value : [value];
      if (!value || !words.length) return;
      list.append(element("dt", {}, title),
        element("dd", {}, element("ul", {}, ...words.map((word) => element("li", {}, String(word))))));
    };
    const spelled = (numbers) => (numbers || []).map((index) => texts[index]);
    add("Description", row.description);
    add("From", texts[row.s]);
    add("Boards", texts[row.b]);
    add("Versions", row.versions);
    add("License", row.licenses === undefined ? "" : texts[row.licenses]);
    add("Copied, new", row.adds);
    add("Copied, newer", row.updates);
    add("Eclasses, new", row.eclasses_added);
    add("Eclasses, newer", row.eclasses_updated);
    add("License texts", row.license_texts);
    add("Keywords", row.keywords);
    add("USE", row.use);
    add("Download", row.download ? bytes(row.download) : "");
    add("The image gains", row.image);
    add("Masked there", spelled(row.masked));
    add("Warnings", spelled(row.warnings));
    add("Work by hand", spelled(row.manual_work));
    if (row.r) {
      const [, , message, chain, hint] = row.r;
      list.append(element("dt", {}, "Refused"),
        element("dd", {}, element("pre", {}, [texts[message], ...spelled(chain).map((line) => `  ${line}`)].join("\n"))));
      add("What to do", texts[hint]);
    }
    return element("tr", { class: "details", "data-about": row.p }, element("td", { colspan: columns.length }, list));
  }

  function toggle(row) {
    const line = body.querySelector(`tr[data-package="${CSS.escape(row.p)}"]`);
    if (opened.delete(row.p)) line.nextElementSibling.remove();
    else { opened.add(row.p); line.after(details(row)); }
    line.querySelector("button").setAttribute("aria-expanded", String(opened.has(row.p)));
  }

  function fill() {
    const part = shown.slice(filled, filled + STEP);
    body.append(...part.flatMap((row) => opened.has(row.p) ? [made(row), details(row)] : [made(row)]));
    filled += part.length;
    byId("more").hidden = filled >= shown.length;
  }

  function sort() {
    const { value } = columns[order.column];
    const keyed = shown.map((row) => [value(row), row]);
    const sign = order.descending ? -1 : 1;
    keyed.sort(([a, one], [b, other]) => (had(other) - had(one)) * (columns[order.column].number ? 1 : 0)
      || (a < b ? -sign : a > b ? sign : one.p < other.p ? -1 : 1));
    shown = keyed.map(([, row]) => row);
    [...table.tHead.rows[0].cells].forEach((cell, index) => {
      if (index === order.column) cell.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  }

  function apply() {
    const words = query.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = reason.value === "" ? null : new Set(report.reasons[Number(reason.value)].packages);
    shown = rows.filter((row) => (!outcome.value || row.o === outcome.value)
      && (!category.value || row.p.startsWith(category.value))
      && (!wanted || wanted.has(row.p))
      && words.every((word) => searched(row).includes(word)));
    sort();
    body.replaceChildren();
    filled = 0;
    fill();
    const said = `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} packages`;
    table.caption.textContent = said;
    byId("status").textContent = said;
    byId("none").hidden = shown.length > 0;
  }

  columns.forEach((column, index) => {
    const resort = () => {
      order = { column: index, descending: order.column === index ? !order.descending : false };
      apply();
    };
    table.tHead.rows[0].append(element("th", { scope: "col", class: column.number ? "number" : false },
      element("button", { type: "button", onclick: resort }, column.title)));
  });

  const { commit, version } = report.checkout;
  const trees = report.sources.map(({ name, commit: of }) => of ? `${name} ${of.slice(0, 12)}` : name).join(", ");
  byId("title").textContent = `What packages cost in flatcar/scripts ${version}`;
  byId("origin").textContent = `${commit ? `commit ${commit.slice(0, 12)}, ` : ""}into ${report.into}, `
    + `${report.boards.join(" and ")}; from ${trees}`;
  const option = (value, text) => element("option", { value }, text);
  outcome.append(option("", "all"));
  for (const [name, [word, meaning]] of Object.entries(outcomes)) {
    const number = rows.filter((row) => row.o === name).length;
    if (!number) continue;
    outcome.append(option(name, `${word}: ${meaning}`));
    byId("figures").append(element("li", { class: name === "free" ? "add" : false },
      element("button", { type: "button", title: meaning, onclick: () => { outcome.value = name; apply(); } },
        element("b", {}, number.toLocaleString("en")), word)));
  }
  category.append(option("", "all"), ...[...new Set(rows.map((row) => row.p.split("/")[0]))].sort()
    .map((name) => option(`${name}/`, name)));
  reason.append(option("", "anything"), ...report.reasons.map(({ words, packages }, index) =>
    option(String(index), `${packages.length.toLocaleString("en")}: ${words}`)));
  query.addEventListener("input", apply);
  for (const select of [outcome, category, reason]) select.addEventListener("change", apply);
  byId("more").querySelector("button").addEventListener("click", fill);
  const scroll = byId("packages");
  scroll.addEventListener("scroll", () => {
    if (filled < shown.length && scroll.scrollTop + scroll.clientHeight > scroll.scrollHeight - 800) fill();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== query) {
      event.preventDefault();
      query.focus();
    } else if (event.key === "Escape" && document.activeElement === query) {
      query.value = "";
      apply();
    }
  });
  apply();
})();
