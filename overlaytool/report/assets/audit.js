"use strict";
/* The findings of an audit, by kind. Every text of the checkout goes in as text, never as markup. */
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const words = { error: ["error", "errors"], warning: ["warning", "warnings"], note: ["note", "notes"] };
  const shown = { error: true, warning: true, note: true };
  const query = document.getElementById("query");
  const fixable = document.getElementById("fixable");

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children);
    return made;
  }

  const kinds = new Map();
  for (const finding of report.findings) {
    if (!kinds.has(finding.reference)) kinds.set(finding.reference, []);
    kinds.get(finding.reference).push(finding);
  }

  function row(finding) {
    const place = finding.file ? finding.file + (finding.line ? `:${finding.line}` : "") : "";
    const said = element("th", { scope: "row" }, finding.message);
    if (finding.fixable) said.append(" ", element("span", { class: "fixable" }, "--fix"));
    return element("tr", {}, said, element("td", { class: "place" }, place));
  }

  const sections = [...kinds].map(([reference, findings]) => {
    const [{ severity, why, hint }] = findings;
    const count = element("span", { class: "count" });
    const rows = findings.map((finding) => ({ finding, row: row(finding),
      text: `${finding.subject} ${finding.message} ${finding.file || ""}`.toLowerCase() }));
    const body = element("tbody", {}, ...rows.map((each) => each.row));
    const section = element("section", { "aria-label": reference },
      element("h2", { id: reference }, reference, element("span", { class: `severity ${severity}` }, severity), count),
      element("p", { class: "why" }, why),
      element("p", { class: "hint" }, element("b", {}, "What to do: "), `${hint}.`),
      element("table", {}, body));
    return { reference, severity, section, rows, count };
  });

  function apply() {
    const wanted = query.value.trim().toLowerCase();
    let total = 0;
    for (const { reference, severity, section, rows, count } of sections) {
      let left = 0;
      for (const { finding, row: made, text } of rows) {
        const passes = shown[severity] && (!fixable.checked || finding.fixable)
          && (!wanted || text.includes(wanted) || reference.includes(wanted));
        made.hidden = !passes;
        left += passes;
      }
      section.hidden = !left;
      count.textContent = left === rows.length ? `${left}` : `${left} of ${rows.length}`;
      total += left;
    }
    document.getElementById("nothing").hidden = total > 0;
    document.getElementById("status").textContent = `${total} of ${report.findings.length} findings`;
  }

  const { commit, version } = report.checkout;
  document.getElementById("title").textContent = `Audit of flatcar/scripts ${version}`;
  document.getElementById("origin").textContent =
    `${commit ? `commit ${commit.slice(0, 12)}, ` : ""}${report.boards.join(" and ")}`
    + (report.known ? `; ${report.known} known findings are left out` : "");
  for (const severity of Object.keys(words)) {
    const count = report.findings.filter((finding) => finding.severity === severity).length;
    document.getElementById("figures").append(
      element("li", {}, element("b", {}, String(count)), words[severity][count === 1 ? 0 : 1]));
    const box = element("input", { type: "checkbox", checked: true, onchange: () => {
      shown[severity] = box.checked;
      apply();
    } });
    document.getElementById("severities").append(element("label", {}, box, ` ${words[severity][1]}`));
  }
  document.getElementById("findings").append(...sections.map((each) => each.section));
  query.addEventListener("input", apply);
  fixable.addEventListener("change", apply);
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
