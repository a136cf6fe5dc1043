"use strict";
/* The summary on top, and the details of one package. */
(() => {
  const { report, nodes, into, element, bytes, place, stateWords } = overlaytool;
  const { graph } = report;
  const FEW = 3;
  /* Of a plan's cycles those that it makes, or changes: the others are there anyway. */
  const imported = new Set(graph.imports);
  const shownCycles = report.changes.length ? graph.cycles.filter((cycle) => cycle.some((id) => imported.has(id))) : graph.cycles;
  const count = (number, one, many = `${one}s`) => `${number === 1 ? one : many}`;
  const short = (commit) => (commit ? commit.slice(0, 10) : "no commit");

  function link(id, choose) {
    if (!nodes.has(id)) return element("span", {}, id);
    return element("button", { type: "button", class: "text", onclick: () => choose(id) }, id);
  }

  function origin() {
    const parts = [];
    if (graph.checkout) parts.push(`Flatcar ${graph.checkout.version} (${short(graph.checkout.commit)})`);
    for (const source of graph.sources) parts.push(`from ${source.name} (${short(source.commit)})`);
    parts.push(graph.boards.join(" and "));
    return parts.join(" · ");
  }

  function figures() {
    const items = [];
    const item = (number, words, name = "") =>
      items.push(element("li", { class: name }, element("b", {}, String(number)), ` ${words}`));
    if (graph.states.add) item(graph.states.add, count(graph.states.add, "package") + " added", "add");
    if (graph.states.update) item(graph.states.update, count(graph.states.update, "package") + " updated");
    if (graph.new_in_image.length) item(graph.new_in_image.length, "new in the image");
    if (graph.imports.length) item(bytes(graph.download), "of sources to download");
    const hosted = report.nodes.filter((node) => node.root === "host").length;
    const boarded = report.nodes.length - hosted;
    if (boarded) item(boarded, `${count(boarded, "package")} on the boards`);
    if (hosted) item(hosted, boarded ? "on the build host" : `${count(hosted, "package")} on the build host`);
    if (shownCycles.length) item(shownCycles.length, count(shownCycles.length, "cycle"));
    if (graph.warnings.length) item(graph.warnings.length, count(graph.warnings.length, "warning"));
    return items;
  }

  /* Few lines are shown at once, many when asked for. */
  function fold(title, items) {
    if (!items.length) return null;
    return element("details", { open: items.length <= FEW }, element("summary", {}, title), element("ul", {}, ...items.map((item) => element("li", {}, item))));
  }

  function warnings() {
    if (!graph.warnings.length) return null;
    const lines = graph.warnings.map((each) => element("li", {}, each.message, each.hint ? ` (${each.hint})` : ""));
    return element("div", { class: "warnings" }, element("ul", {}, ...lines));
  }

  function summary(choose) {
    const targets = [...new Set(graph.reverse.map((id) => nodes.get(id).name))].join(", ");
    document.getElementById("title").textContent = targets ? `What pulls in ${targets}` : graph.request.join(" ");
    document.getElementById("origin").textContent = origin();
    document.getElementById("figures").append(...figures());
    const copied = graph.imports.map((id) => {
      const node = nodes.get(id);
      return element("span", {}, link(id, choose), ` ${stateWords[node.state]} from ${node.repository}, ${place(node)}`);
    });
    const cycles = shownCycles.map((cycle) =>
      element("span", {}, ...cycle.flatMap((id, index) => (index ? [" ⇄ ", link(id, choose)] : [link(id, choose)]))));
    const also = [
      ...graph.eclasses.map((name) => `eclass ${name}`), ...graph.licenses.map((name) => `licence ${name}`),
      ...graph.keywords.map((line) => `keyword ${line}`),
    ];
    const parts = [
      warnings(), fold("What is copied", copied), fold("What comes with it", also),
      fold("What the image gains", graph.new_in_image), fold("Cycles", cycles),
    ];
    document.getElementById("summary").append(...parts.filter(Boolean));
  }

  function row(term, ...values) {
    return [element("dt", {}, term), element("dd", {}, ...values)];
  }

  function useRows(node) {
    return node.use.flatMap((each) => {
      const off = node.iuse.filter((flag) => !each.flags.includes(flag)).map((flag) => `-${flag}`);
      const flags = [...each.flags, ...off].join(" ");
      const where = node.use.length > 1 ? `USE on ${each.boards.join(", ")}` : "USE";
      return row(where, flags || "none");
    });
  }

  function cost(node, choose) {
    const others = node.cost.packages.filter((id) => id !== node.id);
    if (!others.length) return [element("h3", {}, "Brings nothing else that would not be there without it")];
    const size = [[node.cost.binary, "of binary packages"], [node.cost.installed, "installed"]]
      .filter(([known]) => known !== null).map(([known, what]) => `, ${bytes(known)} ${what}`).join("");
    return [
      element("h3", {}, `Only this brings ${others.length} more ${count(others.length, "package")}; with it, ${bytes(node.cost.download)} of sources${size}`),
      element("ul", { class: "chain" }, ...others.map((id) => element("li", {}, link(id, choose)))),
    ];
  }

  function why(node, choose) {
    const known = new Map(into.get(node.id).map((each) => [nodes.get(each.source).cpv, each.source]));
    const asked = d3.rollup(node.because, (each) => each.map((it) => it.class), (it) => it.parent, (it) => it.atom);
    const lines = [...asked].flatMap(([parent, atoms]) => [...atoms].map(([atom, classes]) => element("li", {},
      parent === null ? "the request" : known.has(parent) ? link(known.get(parent), choose) : parent,
      ` ${classes.join(" ")} `, element("code", {}, atom))));
    const chain = node.chain.flatMap((id, index) => [index ? element("span", { "aria-hidden": "true" }, "→") : null, link(id, choose)]);
    return [
      element("h3", {}, "Chain from the request"), element("div", { class: "chain" }, ...chain),
      element("h3", {}, `Asked for by ${asked.size}`), element("ul", {}, ...lines),
    ];
  }

  function cycle(node, choose) {
    if (node.cycle === null) return [];
    const others = graph.cycles[node.cycle].filter((id) => id !== node.id);
    const words = others.length ? `In a cycle with ${others.length} ${count(others.length, "package")}` : "Asks for itself";
    return [element("h3", {}, words), element("ul", { class: "chain" }, ...others.map((id) => element("li", {}, link(id, choose))))];
  }

  function homepage(node) {
    return node.homepage.split(/\s+/).filter(Boolean).flatMap((address) => [
      /^https?:\/\//.test(address) ? element("a", { href: address, rel: "noreferrer noopener" }, address) : address, " ",
    ]);
  }

  function show(id, on) {
    const panel = document.getElementById("details");
    const node = id === null ? null : nodes.get(id);
    panel.classList.toggle("filled", node !== null);
    panel.hidden = node === null;
    if (!node) {
      panel.replaceChildren();
      return;
    }
    panel.replaceChildren(
      element("header", {}, element("h2", {}, node.cpv), element("button", { type: "button", onclick: () => on.choose(null), "aria-label": "Close the details" }, "×")),
      element("p", {}, node.description),
      element("dl", {},
        ...row("State", element("span", { class: `tag ${node.state}` }, stateWords[node.state]), ` ${node.repository}`),
        ...row("Root", place(node)), ...row("Slot", node.slot), ...useRows(node),
        ...row("Keywords", node.keywords.join(" ") || "none"), ...row("Licence", node.license || "none"),
        ...row("EAPI", node.eapi), ...row("Download", bytes(node.download)),
        ...(node.binary === null ? [] : row("Binary package", bytes(node.binary))),
        ...(node.installed === null ? [] : row("Installed", bytes(node.installed))),
        ...row("Homepage", ...homepage(node))),
      element("div", { class: "actions" },
        element("button", { type: "button", onclick: () => on.reveal(id) }, "Show in the drawing"),
        element("button", { type: "button", onclick: () => on.focus(id) }, "Draw only what is around it")),
      ...why(node, on.choose), ...cost(node, on.choose), ...cycle(node, on.choose),
    );
    panel.scrollTop = 0;
  }

  function changes() {
    const sections = report.changes.flatMap(({ title, lines, note: file }) => [
      element("h2", {}, title, file ? element("span", { class: "soft" }, ` ${file}`) : null),
      element("ul", {}, ...lines.map(({ text, note }) => element("li", {}, element("code", {}, text), note ? element("p", { class: "soft" }, note) : null))),
    ]);
    document.getElementById("changes").append(...sections);
    return sections.length > 0;
  }

  overlaytool.details = { summary, show, changes };
})();
