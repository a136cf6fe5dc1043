"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);

  /** An element; text is text, whatever it holds. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }
  const list = (items, name) => make("ul", { class: name }, ...items.map((item) => make("li", {}, item)));
  const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

  byId("title").textContent = data.title;
  byId("origin").textContent = plural(data.subjects.length, "commit", "commits");

  const kinds = [...new Set(data.packages.map((entry) => entry.change))];
  for (const kind of kinds) {
    const count = data.packages.filter((entry) => entry.change === kind).length;
    byId("figures").append(make("li", {}, make("b", {}, String(count)), ` ${kind}`));
    const box = make("input", { type: "checkbox", value: kind });
    box.checked = true;
    box.addEventListener("change", filter);
    byId("kinds").append(make("label", {}, box, ` ${kind}`));
  }

  /** "1.0 → 1.1", or what came or went. */
  function arrow(version) {
    if (version.old === version.new) return `${version.new} (same version)`;
    return `${version.old ?? "none"} → ${version.new ?? "none"}`;
  }

  function fields(version) {
    const rows = version.fields.flatMap((change) => [
      make("dt", {}, change.field),
      make("dd", {}, ...change.removed.map((item) => make("del", {}, item)),
        ...change.added.map((item) => make("ins", {}, item))),
    ]);
    for (const [title, items] of [["Through eclasses only", version.eclass_only],
      ["verify-sig, autotools", version.noise]]) {
      if (!items.length) continue;
      const folded = make("details", {}, make("summary", {}, plural(items.length, "item", "items")), list(items, "files"));
      rows.push(make("dt", {}, title), make("dd", {}, folded));
    }
    return make("dl", { class: "fields" }, ...rows);
  }

  function body(entry) {
    const parts = [];
    for (const version of entry.versions) {
      const where = `${version.views.join(", ")} (${version.targets.join(", ")})`;
      parts.push(make("h4", {}, `${arrow(version)} on ${where}`));
      parts.push(version.fields.length + version.eclass_only.length + version.noise.length
        ? fields(version) : make("p", { class: "soft" }, "no difference in metadata"));
    }
    if (!entry.versions.length) parts.push(make("p", { class: "soft" }, "no target selects it"));
    const files = [
      ...["ebuilds_added", "ebuilds_removed", "ebuilds_changed"].flatMap((key) =>
        entry[key].map((version) => [key.slice(8), `${entry.package.split("/")[1]}-${version}.ebuild`])),
      ...["files_added", "files_removed", "files_changed"].flatMap((key) =>
        entry[key].map((name) => [key.slice(6), name])),
    ];
    if (files.length) {
      parts.push(make("h3", {}, `Files in ${entry.repository}`));
      parts.push(list(files.map(([what, name]) => `${what}: ${name}`), "files"));
    }
    if (entry.occurrences.length) {
      parts.push(make("h3", {}, "Where else the repository names it"));
      parts.push(list(entry.occurrences.map((place) => `${place.file}:${place.line}: ${place.text}`), "files"));
    }
    return make("div", { class: "body" }, ...parts);
  }

  function card(entry) {
    const seen = [...new Set(entry.versions.map(arrow))].join("; ");
    const targets = [...new Set(entry.versions.flatMap((version) => version.targets))].join(", ");
    const anchor = make("a", { class: "anchor", href: `#${entry.package}`, "aria-label": `Link to ${entry.package}` }, "#");
    const details = make("details", { class: "package", id: entry.package },
      make("summary", {}, make("span", { class: "name" }, entry.package), anchor,
        make("span", { class: "versions" }, seen), make("span", { class: `tag ${entry.change}` }, entry.change),
        make("span", { class: "soft" }, targets)));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(body(entry));
    });
    return details;
  }

  const cards = data.packages.map((entry) => ({ entry, element: card(entry) }));
  byId("packages").append(make("h2", {}, "Packages"), ...cards.map((one) => one.element));

  function filter() {
    const words = byId("query").value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Set([...byId("kinds").querySelectorAll("input:checked")].map((box) => box.value));
    let count = 0;
    for (const { entry, element } of cards) {
      const text = `${entry.package} ${entry.change} ${entry.versions.map((v) => `${v.old} ${v.new} ${v.targets.join(" ")} ${v.views.join(" ")}`).join(" ")}`.toLowerCase();
      element.hidden = !shown.has(entry.change) || !words.every((word) => text.includes(word));
      count += element.hidden ? 0 : 1;
    }
    byId("count").textContent = `${count} of ${cards.length} packages`;
  }
  byId("query").addEventListener("input", filter);
  byId("open").addEventListener("click", () => cards.forEach(({ element }) => { element.open = !element.hidden; }));
  byId("close").addEventListener("click", () => cards.forEach(({ element }) => { element.open = false; }));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== byId("query")) {
      event.preventDefault();
      byId("query").focus();
    }
  });

  function section(id, title, children) {
    if (!children.length) return;
    byId("more").append(make("section", { id, "aria-label": title }, make("h2", {}, title), ...children));
    byId("sections").append(make("a", { href: `#${id}` }, title));
  }
  function table(heads, rows) {
    return make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))))));
  }
  const folded = (title, text) => make("details", { class: "item" }, make("summary", {}, title),
    make("div", { class: "body" }, make("pre", { tabindex: "0" }, text)));

  byId("sections").append(make("a", { href: "#packages" }, "Packages"));
  section("unsatisfied", "No longer satisfied", data.unsatisfied.length
    ? [make("div", { class: "warnings" }, list(data.unsatisfied, "files"))] : []);
  section("targets", "What each target gains and loses", data.targets.length
    ? [table(["Targets", "Gains", "Loses"],
      data.grouped.map((one) => [one.name, one.gained.join(", "), one.lost.join(", ")]))] : []);
  section("skews", "Versions that now differ between views", data.skews.length
    ? [table(["Package", "Versions"],
      data.skews.map((one) => [one.package, one.versions.map(([view, version]) => `${view}: ${version}`).join(", ")]))] : []);
  section("advisories", "Advisories", data.advisories.length
    ? [table(["Advisory", "State", "Title", "Packages", "Where", "References"], data.advisories.map((one) =>
      [`GLSA ${one.advisory}`, one.opened ? "opened" : "closed", one.title, one.packages.join(", "),
        one.targets.join(", "), one.references.join(", ")]))] : []);
  section("eclasses", "Eclasses", data.eclasses.map((one) => folded(
    `${one.name}.eclass (${one.repository}): ${one.change}, inherited by ${plural(one.inherited_by.length, "selected package", "selected packages")}`,
    `${one.inherited_by.join(" ")}\n\n${one.diff}`)));
  section("files", "Other files", data.profiles.map((one) => folded(
    `${one.kind}: ${plural(one.files.length, "file", "files")}`, one.diff || one.files.join("\n"))));
  section("commits", "Commits", data.subjects.length ? [list(data.subjects, "files")] : []);
  section("notices", "To look at", data.notices.length
    ? [make("div", { class: "warnings" }, list(data.notices.map((one) => one.hint ? `${one.message}: ${one.hint}` : one.message), "files"))] : []);

  function follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.matches("details")) {
      target.hidden = false;
      target.open = true;
    }
    target?.scrollIntoView();
  }
  window.addEventListener("hashchange", follow);
  filter();
  follow();
})();
