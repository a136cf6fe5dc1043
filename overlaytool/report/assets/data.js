"use strict";
/* The report's data, indexed, and what passes the filters. */
const overlaytool = {};
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const nodes = new Map(report.nodes.map((node) => [node.id, node]));
  const links = report.edges.map((edge) => ({ ...edge, key: `${edge.source}\n${edge.target}` }));
  const out = new Map(report.nodes.map((node) => [node.id, []]));
  const into = new Map(report.nodes.map((node) => [node.id, []]));
  for (const link of links) {
    out.get(link.source).push(link);
    into.get(link.target).push(link);
  }

  const stateWords = { add: "added", update: "updated", present: "present", provided: "provided" };
  const signs = { add: "+", update: "↑", present: "", provided: "=" };

  function bytes(count) {
    if (count === null) return "unknown";
    if (count < 1024) return `${count} B`;
    const exponent = Math.min(3, Math.floor(Math.log2(count) / 10));
    const value = count / 2 ** (10 * exponent);
    return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${["", "KiB", "MiB", "GiB"][exponent]}`;
  }

  function place(node) {
    if (node.root === "host") return "build host";
    if (node.boards.length < report.graph.boards.length) return node.boards.join(", ");
    return { 1: node.boards[0], 2: "both boards" }[node.boards.length] || "all boards";
  }

  /* The nodes and links that pass: classes decide what is reached, roots and states what is shown of it. */
  function visible(filters) {
    const passes = (link) => link.classes.some((name) => filters.classes.has(name));
    const starts = report.nodes.filter((node) => node.requested);
    const pending = [...(starts.length ? starts : report.nodes)];
    const reached = new Set(pending.map((node) => node.id));
    while (pending.length) {
      for (const link of out.get(pending.pop().id)) {
        const child = nodes.get(link.target);
        if (!reached.has(child.id) && passes(link)) {
          reached.add(child.id);
          pending.push(child);
        }
      }
    }
    const shown = report.nodes.filter(
      (node) =>
        reached.has(node.id) &&
        filters.roots.has(node.root) &&
        filters.states.has(node.state) &&
        (!filters.only || filters.only.has(node.id)),
    );
    const ids = new Set(shown.map((node) => node.id));
    const between = links.filter((link) => ids.has(link.source) && ids.has(link.target) && passes(link));
    return { nodes: shown, ids, links: between };
  }

  /* Links that no longer way repeats (the transitive reduction); those that close a cycle stay. */
  function withoutRepeats(view) {
    const children = new Map(view.nodes.map((node) => [node.id, []]));
    for (const link of view.links) if (!link.cut) children.get(link.source).push(link.target);
    const reach = new Map();
    const reachOf = (id) => {
      const known = reach.get(id);
      if (known) return known;
      const all = new Set();
      reach.set(id, all);
      for (const child of children.get(id)) {
        all.add(child);
        for (const each of reachOf(child)) all.add(each);
      }
      return all;
    };
    return view.links.filter(
      (link) =>
        link.cut ||
        !children.get(link.source).some((other) => other !== link.target && reachOf(other).has(link.target)),
    );
  }

  /* What a package has to do with: its chain, what asks for it, what it asks for. */
  function around(id) {
    const near = new Set([id, ...nodes.get(id).chain]);
    for (const link of out.get(id)) near.add(link.target);
    for (const link of into.get(id)) near.add(link.source);
    return near;
  }

  /* An element with text and children: text is always text, never markup. */
  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  Object.assign(overlaytool, {
    report, nodes, links, out, into, stateWords, signs, bytes, place, visible, withoutRepeats, around, element,
  });
})();
