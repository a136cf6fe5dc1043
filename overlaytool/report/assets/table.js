"use strict";
/* The table: the same packages in words, sortable. */
(() => {
  const { element, bytes, place, stateWords } = overlaytool;
  const columns = [
    { title: "Package", value: (node) => node.id },
    { title: "State", value: (node) => ["add", "update", "present", "provided"].indexOf(node.state) },
    { title: "Root", value: place },
    { title: "Download", value: (node) => node.download, number: true },
    { title: "Brings", value: (node) => node.cost.packages.length - 1, number: true },
  ];
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const rows = new Map();
  let order = { column: 1, descending: false };

  function compare(a, b) {
    const { value } = columns[order.column];
    const [left, right] = [value(a), value(b)];
    const first = left < right ? -1 : left > right ? 1 : 0;
    return (order.descending ? -first : first) || (a.id < b.id ? -1 : 1);
  }

  function row(node, choose) {
    const name = element("button", { type: "button", class: "text", onclick: () => choose(node.id) }, node.cpv);
    return element("tr", { "data-id": node.id }, element("td", {}, name),
      element("td", {}, element("span", { class: `tag ${node.state}` }, stateWords[node.state])),
      element("td", {}, place(node)), element("td", { class: "number" }, node.download ? bytes(node.download) : "–"),
      element("td", { class: "number" }, String(node.cost.packages.length - 1)));
  }

  function fill(shown, choose) {
    table.caption.textContent = `${shown.length} of ${overlaytool.report.nodes.length} packages`;
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
      table.tHead.rows[0].append(element("th", { scope: "col", class: column.number ? "number" : false },
        element("button", { type: "button", onclick: sort }, column.title)));
    });
  }

  function choose(id, scroll) {
    for (const [each, made] of rows) made.classList.toggle("chosen", each === id);
    if (scroll && rows.has(id)) rows.get(id).scrollIntoView({ block: "nearest" });
  }

  overlaytool.table = { head, fill, choose };
})();
