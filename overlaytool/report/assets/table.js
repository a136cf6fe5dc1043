"use strict";
/* The table: the same packages in words, sortable. */
(() => {
  const { element, bytes, place, stateWords } = overlaytool;
  const { into } = overlaytool;
  const neededBy = (node) => new Set(into.get(node.id).map((link) => link.source)).size;
  const all = [
    { title: "Package", value: (node) => node.id },
    { title: "State", value: (node) => ["add", "update", "present", "provided"].indexOf(node.state),
      cell: (node) => element("span", { class: `tag ${node.state}` }, stateWords[node.state]) },
    { title: "Root", value: place, name: "root" },
    { title: "Needed by", value: neededBy, number: true, name: "needed" },
    { title: "Download", value: (node) => node.download, number: true, cell: (node) => (node.download ? bytes(node.download) : "–") },
    { title: "Installed", value: (node) => node.installed || 0, number: true, cell: (node) => (node.installed ? bytes(node.installed) : "–") },
    { title: "Brings", value: (node) => node.cost.packages.length - 1, number: true },
  ];
  /* A column that says the same of every package says nothing. */
  const differs = ({ value }) => new Set(overlaytool.report.nodes.map(value)).size > 1;
  const columns = all.filter((column, index) => index === 0 || differs(column));
  const byState = columns.findIndex((column) => column.title === "State");
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const rows = new Map();
  let order = { column: Math.max(0, byState), descending: false };

  function compare(a, b) {
    const { value } = columns[order.column];
    const [left, right] = [value(a), value(b)];
    const first = left < right ? -1 : left > right ? 1 : 0;
    return (order.descending ? -first : first) || (a.id < b.id ? -1 : 1);
  }

  /* A package's name may be broken behind its category, and nowhere else before it has to be. */
  const breakable = (cpv) => {
    const [category, name] = cpv.split("/");
    return [`${category}/`, element("wbr"), element("span", { class: "whole" }, name)];
  };

  function row(node, choose) {
    const name = element("button", { type: "button", class: "text", onclick: () => choose(node.id) }, ...breakable(node.cpv));
    const cells = columns.slice(1).map((column) => element("td", { class: kind(column) }, column.cell ? column.cell(node) : String(column.value(node))));
    return element("tr", { "data-id": node.id }, element("td", {}, name), ...cells);
  }

  const kind = (column) => [column.number ? "number" : "word", column.name].filter(Boolean).join(" ");

  /* Each file once, as it is downloaded. */
  function total(shown) {
    const files = new Map(shown.flatMap((node) => node.distfiles.map((file) => [file.name, file.size])));
    const installed = shown.reduce((sum, node) => sum + (node.installed || 0), 0);
    const parts = [["to download", [...files.values()].reduce((sum, size) => sum + size, 0)], ["installed", installed]];
    return parts.filter(([, size]) => size).map(([words, size]) => `, ${bytes(size)} ${words}`).join("");
  }

  function fill(shown, choose) {
    table.caption.textContent = `${shown.length} of ${overlaytool.report.nodes.length} packages${total(shown)}`;
    const sorted = [...shown].sort(compare);
    for (const node of sorted) if (!rows.has(node.id)) rows.set(node.id, row(node, choose));
    body.replaceChildren(...sorted.map((node) => rows.get(node.id)));
    [...table.tHead.rows[0].cells].forEach((cell, index) => {
      const direction = order.descending ? "descending" : "ascending";
      if (index === order.column) cell.setAttribute("aria-sort", direction);
      else cell.removeAttribute("aria-sort");
    });
  }

  function head(resort) {
    columns.forEach((column, index) => {
      const sort = () => {
        order = { column: index, descending: order.column === index ? !order.descending : Boolean(column.number) };
        resort();
      };
      table.tHead.rows[0].append(element("th", { scope: "col", class: kind(column) },
        element("button", { type: "button", onclick: sort }, column.title)));
    });
  }

  function choose(id, scroll) {
    for (const [each, made] of rows) made.classList.toggle("chosen", each === id);
    if (scroll && rows.has(id)) rows.get(id).scrollIntoView({ block: "nearest" });
  }

  overlaytool.table = { head, fill, choose };
})();
