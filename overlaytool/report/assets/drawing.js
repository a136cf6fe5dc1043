"use strict";
/* The drawing: SVG through d3, with pan, zoom and the keyboard. */
(() => {
  const { nodes, signs, stateWords, out, into } = overlaytool;
  const targets = new Set(overlaytool.report.graph.reverse);
  const curve = d3.line((point) => point.x, (point) => point.y).curve(d3.curveBasis);
  const straight = d3.linkVertical().x((point) => point.x).y((point) => point.y);
  const READABLE_SCALE = 0.62;
  const svg = d3.select("#drawing");
  const canvas = svg.node().parentElement;
  const defs = svg.append("defs");
  for (const kind of ["arrow", "arrow lit"]) {
    defs.append("marker").attr("id", kind.replace(" ", "-")).attr("viewBox", "0 0 8 8").attr("refX", 7)
      .attr("refY", 4).attr("markerWidth", 7).attr("markerHeight", 7).attr("markerUnits", "userSpaceOnUse")
      .attr("orient", "auto").append("path").attr("class", kind).attr("d", "M0 0L8 4L0 8z");
  }
  const stage = svg.append("g");
  const layers = {};
  for (const name of ["bands", "links", "marks", "nodes"]) layers[name] = stage.append("g");
  const zoom = d3.zoom().scaleExtent([0.05, 4]).on("zoom", ({ transform }) => {
    stage.attr("transform", transform);
    svg.classed("far", transform.k < READABLE_SCALE);
  });
  svg.call(zoom).on("dblclick.zoom", null);
  let current = { boxes: [], width: 1, height: 1 };
  let boxes = new Map();
  let focused = null;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const moved = () => (calm ? svg : svg.transition().duration(220));

  function ends(link) {
    const [from, to] = [boxes.get(link.source), boxes.get(link.target)];
    const down = to.y >= from.y ? 1 : -1;
    return { source: { x: from.x, y: from.y + (down * from.height) / 2 }, target: { x: to.x, y: to.y - (down * to.height) / 2 } };
  }

  function path(link) {
    const route = current.routes.get(link.key);
    if (link.source === link.target) {
      const { x, y, width } = boxes.get(link.source);
      return `M${x + width / 2} ${y - 6}c22 -8 22 20 0 12`;
    }
    return route ? curve(route) : straight(ends(link));
  }

  const builds = (link) => !link.classes.some((name) => name === "RDEPEND" || name === "PDEPEND");
  const linkClass = (link) => `link${builds(link) ? " build" : ""}${link.cut ? " cut" : ""}`;

  function spoken(node) {
    const parts = [node.cpv, stateWords[node.state], overlaytool.place(node)];
    if (node.requested) parts.push("requested");
    if (targets.has(node.id)) parts.push("the package asked about");
    parts.push(`needs ${out.get(node.id).length}, needed by ${into.get(node.id).length}`);
    return parts.join(", ");
  }

  function drawNodes(on) {
    const groups = layers.nodes.selectAll("g.node").data(current.boxes, (box) => box.id)
      .join((enter) => {
        const group = enter.append("g").attr("role", "button").attr("tabindex", -1).attr("data-id", (box) => box.id)
          .attr("aria-label", (box) => spoken(nodes.get(box.id)));
        group.append("title").text((box) => `${box.id}\n${nodes.get(box.id).description}`);
        group.append("rect").attr("rx", 4);
        group.append("text").attr("class", "category").attr("y", -5);
        group.append("text").attr("class", "label").attr("y", 10);
        group.append("text").attr("class", "far-label").attr("y", 6);
        group.append("text").attr("class", "sign").attr("y", 10);
        return group;
      })
      .attr("class", (box) => {
        const node = nodes.get(box.id);
        return `node ${node.state} ${node.root}${node.requested ? " requested" : ""}${targets.has(node.id) ? " target" : ""}`;
      })
      .attr("transform", (box) => `translate(${box.x},${box.y})`)
      .attr("aria-pressed", "false")
      .on("click", (event, box) => on.choose(box.id))
      .on("pointerenter", (event, box) => on.hover(box.id))
      .on("pointerleave", () => on.hover(null))
      .on("focus", (event, box) => { setFocus(box.id); on.hover(box.id); })
      .on("blur", () => on.hover(null));
    groups.select("rect").attr("x", (box) => -box.width / 2).attr("y", (box) => -box.height / 2)
      .attr("width", (box) => box.width).attr("height", (box) => box.height);
    groups.select(".category").attr("x", (box) => 10 - box.width / 2).text((box) => box.category);
    groups.select(".label").attr("x", (box) => 10 - box.width / 2).text((box) => box.label);
    groups.select(".far-label").attr("x", (box) => 8 - box.width / 2).text((box) => box.far);
    groups.select(".sign").attr("x", (box) => box.width / 2 - 8).text((box) => signs[nodes.get(box.id).state]);
  }

  function draw(layout, links, on) {
    current = layout;
    boxes = new Map(layout.boxes.map((box) => [box.id, box]));
    svg.classed("wrapped", layout.wrapped);
    layers.bands.selectAll("rect").data(layout.bands).join("rect").attr("class", "band").attr("x", -layout.width)
      .attr("width", 3 * layout.width).attr("y", (band) => band.y).attr("height", (band) => band.height);
    layers.links.selectAll("path").data(links, (link) => link.key).join("path").attr("class", linkClass)
      .attr("marker-end", "url(#arrow)").attr("d", path);
    layers.marks.selectAll("path").remove();
    drawNodes(on);
    setFocus(boxes.has(focused) ? focused : (layout.boxes[0] || { id: null }).id);
  }

  function setFocus(id) {
    layers.nodes.selectAll("g.node").attr("tabindex", (box) => (box.id === id ? 0 : -1));
    focused = id;
  }

  /* Light these nodes and links up and dim everything else; with null, nothing is dimmed. */
  function light(ids, links) {
    svg.classed("dimmed", ids !== null);
    layers.nodes.selectAll("g.node").classed("lit", (box) => ids !== null && ids.has(box.id));
    const drawable = (links || []).filter((link) => boxes.has(link.source) && boxes.has(link.target));
    layers.marks.selectAll("path").data(drawable, (link) => link.key).join("path")
      .attr("class", (link) => `${linkClass(link)} lit`).attr("marker-end", "url(#arrow-lit)").attr("d", path);
  }

  function choose(id) {
    layers.nodes.selectAll("g.node").classed("chosen", (box) => box.id === id)
      .attr("aria-pressed", (box) => String(box.id === id));
  }

  function fit(at_once) {
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = Math.min(1.25, (width - 24) / current.width, (height - 24) / current.height);
    const transform = d3.zoomIdentity
      .translate((width - current.width * scale) / 2, Math.max(12, (height - current.height * scale) / 2)).scale(scale);
    (at_once ? svg : moved()).call(zoom.transform, transform);
  }

  /* On paper the drawing is as large as the paper lets it be, whatever the window showed. */
  function print(begins) {
    svg.attr("viewBox", begins ? `-8 -8 ${current.width + 16} ${current.height + 16}` : null);
    svg.classed("far", false);
    if (begins) stage.attr("transform", null);
    else svg.call(zoom.transform, d3.zoomTransform(svg.node()));
  }

  /* Bring a package into the middle, close enough to read it. */
  function reveal(id) {
    const box = boxes.get(id);
    if (!box) return;
    const scale = Math.max(0.9, d3.zoomTransform(svg.node()).k);
    moved().call(zoom.transform, d3.zoomIdentity
      .translate(canvas.clientWidth / 2 - box.x * scale, canvas.clientHeight / 2 - box.y * scale).scale(scale));
  }

  function nearest(from, candidates) {
    return d3.least(candidates.filter(Boolean), (box) => Math.hypot(box.x - from.x, box.y - from.y));
  }

  function neighbour(key) {
    const from = boxes.get(focused);
    if (key === "ArrowDown") return nearest(from, out.get(focused).map((link) => boxes.get(link.target)).filter((box) => box !== from));
    if (key === "ArrowUp") return nearest(from, into.get(focused).map((link) => boxes.get(link.source)).filter((box) => box !== from));
    const side = key === "ArrowRight" ? 1 : -1;
    return nearest(from, current.boxes.filter((box) => Math.abs(box.y - from.y) < 2 && (box.x - from.x) * side > 0));
  }

  function inSight(box) {
    const { k, x, y } = d3.zoomTransform(svg.node());
    const [left, top] = [box.x * k + x, box.y * k + y];
    return left > 40 && top > 20 && left < canvas.clientWidth - 40 && top < canvas.clientHeight - 20;
  }

  function onKey(event, on) {
    const zooms = { "+": 1.3, "=": 1.3, "-": 1 / 1.3 };
    if (zooms[event.key]) moved().call(zoom.scaleBy, zooms[event.key]);
    else if (event.key === "0") fit();
    else if (event.key.startsWith("Arrow") && boxes.has(focused)) {
      const next = neighbour(event.key);
      if (next) {
        svg.select(`[data-id="${CSS.escape(next.id)}"]`).node().focus({ preventScroll: true });
        if (!inSight(next)) reveal(next.id);
      }
    } else if ((event.key === "Enter" || event.key === " ") && event.target.dataset.id) on.choose(event.target.dataset.id);
    else return;
    event.preventDefault();
  }

  overlaytool.drawing = {
    draw, light, choose, fit, print, reveal, onKey,
    size: () => ({ width: canvas.clientWidth, height: canvas.clientHeight }),
    scale: (factor) => moved().call(zoom.scaleBy, factor),
  };
})();
