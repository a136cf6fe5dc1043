"use strict";
/* What a person does, and what follows from it. */
(() => {
  const { report, nodes, links, out, into, drawing, details, table, element } = overlaytool;
  const MANY = 45;
  const TOO_MANY_FOR_BOTH_ROOTS = 500;
  const state = { query: "", chosen: null, scopes: new Map(), view: null };
  const byId = (id) => document.getElementById(id);
  const checked = (name) => new Set([...document.querySelectorAll(`#${name} input:checked`)].map((box) => box.value));
  const say = (text) => { byId("status").textContent = text; };

  function boxes(name, values, words = (value) => value) {
    const made = values.map(([value, on]) => element("label", {},
      element("input", { type: "checkbox", value, checked: on, onchange: refresh }), words(value)));
    byId(name).append(...made);
    byId(name).hidden = values.length < 2;
  }

  function filterBoxes() {
    const present = (of) => [...new Set(of)];
    const states = ["add", "update", "present", "provided"].filter((name) => report.nodes.some((node) => node.state === name));
    boxes("states", states.map((name) => [name, true]), (name) => overlaytool.stateWords[name]);
    const roots = present(report.nodes.map((node) => node.root)).sort();
    const both = report.nodes.length <= TOO_MANY_FOR_BOTH_ROOTS;
    const asked = report.nodes.filter((node) => node.requested).map((node) => node.root);
    boxes("roots", roots.map((root) => [root, both || !asked.length || asked.includes(root)]));
    const used = present(links.flatMap((link) => link.classes));
    boxes("classes", ["BDEPEND", "DEPEND", "IDEPEND", "RDEPEND", "PDEPEND"].filter((name) => used.includes(name)).map((name) => [name, true]));
    byId("every").addEventListener("change", refresh);
  }

  /* All lines where they can be told from each other, else those that no longer way repeats. */
  function arranged(view) {
    const every = byId("every").checked;
    if (every || view.nodes.length <= MANY) {
      const layout = overlaytool.layout(view, view.links, drawing.size());
      if (every || !layout.wrapped) return { layout, drawn: view.links };
    }
    const drawn = overlaytool.withoutRepeats(view);
    return { layout: overlaytool.layout(view, drawn, drawing.size()), drawn };
  }

  function refresh() {
    const filters = { classes: checked("classes"), roots: checked("roots"), states: checked("states"), only: state.scopes.get(byId("scope").value) };
    if (!links.length) filters.classes = new Set(["RDEPEND"]);
    state.view = overlaytool.visible(filters);
    const { layout, drawn } = arranged(state.view);
    byId("lines").hidden = drawn.length === state.view.links.length && !byId("every").checked;
    drawing.draw(layout, drawn, on);
    drawing.choose(state.chosen);
    drawing.fit(true);
    byId("nothing").hidden = state.view.nodes.length > 0;
    fillTable();
    highlight(null);
  }

  const matches = (node) => `${node.cpv} ${node.description}`.toLowerCase().includes(state.query);

  function fillTable() {
    const shown = state.query ? state.view.nodes.filter(matches) : state.view.nodes;
    table.fill(shown, (id) => { choose(id); drawing.reveal(id); });
    table.choose(state.chosen, false);
    return shown;
  }

  const chainLinks = (chain) => chain.slice(1)
    .map((id, index) => out.get(chain[index]).find((link) => link.target === id)).filter(Boolean);

  /* What is lit: the chain of what the pointer is on, else what was chosen, else what was searched for. */
  function highlight(hovered) {
    if (hovered) {
      const { chain } = nodes.get(hovered);
      drawing.light(new Set(chain), chainLinks(chain));
    } else if (state.chosen && state.view.ids.has(state.chosen)) {
      const near = [...into.get(state.chosen), ...out.get(state.chosen)];
      drawing.light(overlaytool.around(state.chosen), [...new Set([...near, ...chainLinks(nodes.get(state.chosen).chain)])]);
    } else if (state.query) {
      drawing.light(new Set(state.view.nodes.filter(matches).map((node) => node.id)), []);
    } else drawing.light(null, []);
  }

  function choose(id) {
    state.chosen = id;
    if (id && !state.view.ids.has(id) && byId("scope").value !== "everything") {
      byId("scope").value = "everything";
      refresh();
    }
    drawing.choose(id);
    table.choose(id, true);
    details.show(id, on);
    highlight(null);
    history.replaceState(null, "", id ? `#${address(id)}` : location.pathname + location.search);
    if (id) say(`Details of ${nodes.get(id).cpv} are shown`);
  }

  /* `report.html#cat/pn` chooses a package; the whole id where several have that name. */
  const address = (id) => (report.nodes.filter((node) => node.name === nodes.get(id).name).length === 1 ? nodes.get(id).name : id);

  function follow() {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const found = report.nodes.find((node) => node.id === wanted) || report.nodes.find((node) => [node.cpv, node.name].includes(wanted));
    if (found) { choose(found.id); drawing.reveal(found.id); }
  }

  /* What gets drawn at all: everything, the imports and what is beside them, or what is around one package. */
  function scopes() {
    const imported = report.graph.imports.filter((id) => nodes.has(id));
    const near = new Set(imported.flatMap((id) => [...overlaytool.around(id)]));
    const choices = [["everything", null, `everything (${report.nodes.length})`]];
    if (imported.length && near.size < report.nodes.length) {
      choices.push(["imports", near, `imports and neighbours (${near.size})`]);
    }
    for (const [value, ids, words] of choices) {
      state.scopes.set(value, ids);
      byId("scope").append(element("option", { value }, words));
    }
    byId("scope").value = choices.length > 1 && report.nodes.length > MANY ? "imports" : "everything";
    byId("scope").addEventListener("change", refresh);
  }

  function only(id) {
    const near = overlaytool.around(id);
    state.scopes.set("package", near);
    byId("scope").querySelector("[value=package]")?.remove();
    byId("scope").append(element("option", { value: "package" }, `around ${nodes.get(id).cpv} (${near.size})`));
    byId("scope").value = "package";
    refresh();
    say(`The drawing shows what is around ${nodes.get(id).cpv}`);
  }

  const on = { choose, focus: only, reveal: drawing.reveal, hover: highlight };

  function search() {
    state.query = byId("query").value.trim().toLowerCase();
    if (state.query) choose(null);
    const found = fillTable();
    highlight(null);
    if (state.query) say(found.length === 1 ? "1 package matches" : `${found.length} packages match`);
    return found;
  }

  function legend() {
    const states = [["target", "the package asked about"], ["add", "added"], ["update", "updated"], ["present", "present"], ["provided", "provided"], ["host", "on the build host"]];
    const present = (name) => (name === "target" ? report.graph.reverse.length : name === "host" ? report.nodes.some((node) => node.root === "host") : report.graph.states[name]);
    const lines = [["link", "needed at run time"], ["link build", "needed to build only"], ["link cut", "closes a cycle"]];
    const shown = lines.filter(([name]) => name !== "link cut" || links.some((link) => link.cut));
    const item = (words, draw) => {
      const made = element("span");
      draw(d3.select(made).append("svg").attr("viewBox", "0 0 26 14").attr("aria-hidden", "true"));
      made.append(words);
      return made;
    };
    byId("legend").append(
      ...states.filter(([name]) => present(name)).map(([name, words]) => item(words, (svg) =>
        svg.append("g").attr("class", `node ${name}`).append("rect").attr("x", 2).attr("y", 2).attr("width", 22).attr("height", 10).attr("rx", 2))),
      ...shown.map(([name, words]) => item(words, (svg) => svg.append("path").attr("class", name).attr("d", "M1 7H25"))),
    );
  }

  function wire() {
    byId("query").addEventListener("input", search);
    byId("query").addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      const [first] = search().sort((a, b) => a.name.length - b.name.length);
      if (first) { choose(first.id); drawing.reveal(first.id); }
    });
    byId("closer").addEventListener("click", () => drawing.scale(1.3));
    byId("farther").addEventListener("click", () => drawing.scale(1 / 1.3));
    byId("fit").addEventListener("click", () => drawing.fit());
    byId("drawing").addEventListener("keydown", (event) => drawing.onKey(event, on));
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && event.target !== byId("query")) { event.preventDefault(); byId("query").focus(); }
      if (event.key === "Escape") { byId("query").value = ""; state.query = ""; choose(null); fillTable(); }
    });
    let waiting = 0;
    addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => drawing.fit(true), 120); });
    addEventListener("beforeprint", () => drawing.print(true));
    addEventListener("afterprint", () => drawing.print(false));
  }

  details.summary((id) => { choose(id); drawing.reveal(id); });
  details.show(null, on);
  legend();
  scopes();
  filterBoxes();
  table.head(fillTable);
  wire();
  overlaytool.pane.tabs(details.changes());
  overlaytool.pane.width(() => drawing.fit(true));
  overlaytool.pane.filters();
  refresh();
  follow();
  addEventListener("hashchange", follow);
  requestAnimationFrame(() => setTimeout(() => performance.mark("interactive")));
})();
