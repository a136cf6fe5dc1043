"use strict";
/* Where everything goes. dagre ranks the packages and orders each rank; a graph that this makes too wide to be
   read keeps dagre's ranks and order, with each rank broken into rows as text is broken into lines. */
(() => {
  const ROW = 36;
  const PADDING = 10;
  const SIGN = 14;
  const WIDEST_LABEL = { few: 240, many: 150 };
  const GAP = { x: 14, y: 10, rank: 44 };
  const SMALLEST_SCALE = 0.85;
  const fonts = { label: "650 12px ", category: "10px ", far: "650 19px " };
  const MANY = 150;
  const REQUEST = "the request";
  const pen = document.createElement("canvas").getContext("2d");
  const widths = new Map();

  function textWidth(text, kind) {
    const key = `${kind}${text}`;
    if (!widths.has(key)) {
      pen.font = fonts[kind] + getComputedStyle(document.body).fontFamily;
      widths.set(key, pen.measureText(text).width);
    }
    return widths.get(key);
  }

  /* Text that fits: what is too long loses its end. */
  function fitted(text, kind, widest) {
    if (textWidth(text, kind) <= widest) return text;
    let length = Math.floor((text.length * widest) / textWidth(text, kind));
    while (length > 4 && textWidth(`${text.slice(0, length)}…`, kind) > widest) length -= 1;
    return `${text.slice(0, length)}…`;
  }

  /* Names that packages of several categories have: from afar these need theirs. */
  const categories = new Map();
  for (const { name } of overlaytool.report.nodes) {
    const [category, short] = name.split("/");
    categories.set(short, (categories.get(short) || new Set()).add(category));
  }
  const repeated = new Set([...categories].filter(([, found]) => found.size > 1).map(([short]) => short));

  function boxOf(node, widest) {
    const [category, name] = node.name.split("/");
    const label = fitted(`${name} ${node.version}`, "label", widest);
    const above = fitted(node.root === "host" ? `${category} · build host` : category, "category", widest);
    const sign = overlaytool.signs[node.state] ? SIGN : 0;
    const afar = repeated.has(name) ? node.name : name;
    const words = [textWidth(label, "label") + sign, textWidth(above, "category"), repeated.has(name) ? textWidth(afar, "far") : 0];
    const width = Math.max(...words) + 2 * PADDING;
    const far = fitted(afar, "far", Math.max(width, widest) - 2 * PADDING);
    return { id: node.id, label, far, category: above, width: Math.ceil(width), height: ROW };
  }

  /* Which way a link points in the drawing: one that closes a cycle is drawn upwards. */
  const downwards = (link) => (link.cut ? [link.target, link.source] : [link.source, link.target]);

  function depths(view, links) {
    const parents = new Map(view.nodes.map((node) => [node.id, []]));
    for (const link of links) {
      const [from, to] = downwards(link);
      if (from !== to) parents.get(to).push(from);
    }
    const known = new Map();
    const depth = (id) => {
      if (!known.has(id)) {
        known.set(id, 0);
        known.set(id, Math.max(0, ...parents.get(id).map((parent) => depth(parent) + 1)));
      }
      return known.get(id);
    };
    for (const node of view.nodes) depth(node.id);
    return known;
  }

  /* dagre lays an invisible node into each rank that a link passes. Among many packages that costs most of the
     time and decides little, so that there only links to the next rank take part: every package has one. */
  function telling(view, links) {
    if (view.nodes.length < MANY) return links;
    const depth = depths(view, links);
    return links.filter((link) => Math.abs(depth.get(link.target) - depth.get(link.source)) === 1);
  }

  function ranked(view, links) {
    const graph = new dagre.graphlib.Graph();
    const ranker = view.nodes.length < MANY ? "network-simplex" : "tight-tree";
    graph.setGraph({ rankdir: "TB", ranker, nodesep: GAP.x, ranksep: GAP.rank, edgesep: 6 });
    graph.setDefaultEdgeLabel(() => ({}));
    const boxes = view.nodes.map((node) => boxOf(node, view.nodes.length < MANY ? WIDEST_LABEL.few : WIDEST_LABEL.many));
    for (const box of boxes) graph.setNode(box.id, { width: box.width, height: box.height });
    for (const link of telling(view, links)) {
      const [from, to] = downwards(link);
      if (from !== to && !graph.hasEdge(from, to)) graph.setEdge(from, to);
    }
    const requested = view.nodes.filter((node) => node.requested);
    if (requested.length > 1) {
      graph.setNode(REQUEST, { width: 0, height: 0 });
      for (const node of requested) graph.setEdge(REQUEST, node.id, { weight: 4 });
    }
    dagre.layout(graph);
    return { graph, boxes, top: requested.length > 1 ? GAP.rank : 0 };
  }

  function routed(graph, boxes, links, top) {
    for (const box of boxes) {
      const { x, y } = graph.node(box.id);
      Object.assign(box, { x, y: y - top });
    }
    const routes = new Map();
    for (const link of links) {
      if (link.source === link.target) continue;
      const edge = graph.edge(link.source, link.target);
      if (edge && !link.cut) routes.set(link.key, edge.points.map(({ x, y }) => ({ x, y: y - top })));
    }
    return { boxes, routes, bands: [], width: graph.graph().width, height: graph.graph().height - top, wrapped: false };
  }

  function rowsOf(graph, boxes) {
    const ranks = new Map();
    for (const box of boxes) {
      const { x, y } = graph.node(box.id);
      if (!ranks.has(y)) ranks.set(y, []);
      ranks.get(y).push({ box, x });
    }
    return [...ranks.entries()]
      .sort(([a], [b]) => a - b)
      .map(([, rank]) => rank.sort((a, b) => a.x - b.x).map(({ box }) => box));
  }

  function extent(ranks, columns, cell) {
    const rows = ranks.reduce((sum, rank) => sum + Math.ceil(rank.length / columns), 0);
    return { width: columns * (cell + GAP.x), height: rows * (ROW + GAP.y) + ranks.length * (GAP.rank - GAP.y) };
  }

  /* As many columns as give the drawing the window's proportions. */
  function columnsFor(ranks, cell, aspect) {
    const widest = Math.max(...ranks.map((rank) => rank.length));
    let best = { columns: 1, distance: Infinity };
    for (let columns = 1; columns <= widest; columns += 1) {
      const { width, height } = extent(ranks, columns, cell);
      const distance = Math.abs(Math.log(width / height / aspect));
      if (distance < best.distance) best = { columns, distance };
    }
    return best.columns;
  }

  function wrapped(graph, boxes, aspect) {
    const ranks = rowsOf(graph, boxes);
    const cell = Math.max(...boxes.map((box) => box.width));
    const columns = columnsFor(ranks, cell, aspect);
    const { width, height } = extent(ranks, columns, cell);
    const bands = [];
    let top = (GAP.rank - GAP.y) / 2;
    for (const rank of ranks) {
      const rows = Math.ceil(rank.length / columns);
      const used = Math.ceil(rank.length / rows);
      const left = (width - used * (cell + GAP.x) + GAP.x) / 2;
      rank.forEach((box, index) => {
        box.width = cell;
        box.x = left + Math.floor(index / rows) * (cell + GAP.x) + cell / 2;
        box.y = top + (index % rows) * (ROW + GAP.y) + ROW / 2;
      });
      bands.push({ y: top - GAP.y, height: rows * (ROW + GAP.y) + GAP.y });
      top += rows * (ROW + GAP.y) + GAP.rank - GAP.y;
    }
    return { boxes, routes: new Map(), bands, width, height, wrapped: true };
  }

  /* Lay out a view for a window of this size; `links` are those that get drawn. */
  overlaytool.layout = (view, links, window) => {
    if (!view.nodes.length) return { boxes: [], routes: new Map(), bands: [], width: 1, height: 1, wrapped: false };
    const { graph, boxes, top } = ranked(view, links);
    const { width, height } = graph.graph();
    const scale = Math.min(window.width / width, window.height / height);
    if (scale >= SMALLEST_SCALE || boxes.length < 12) return routed(graph, boxes, links, top);
    return wrapped(graph, boxes, window.width / window.height);
  };
})();
