"use strict";
/* A treemap of nested lists [name, bytes, growth, package, children]; three levels are drawn, Enter goes deeper. */
const Treemap = (() => {
  const NAME = 0, SIZE = 1, GROWTH = 2, PACKAGE = 3, CHILDREN = 4;
  const SMALLEST = 5, HEADING = 16, DEPTH = 3;

  function draw(svg, node, { diff, mark, open, say }) {
    const { width, height } = svg.getBoundingClientRect();
    const drawing = d3.select(svg);
    drawing.selectAll("*").remove();
    drawing.classed("marked", mark >= 0);
    const level = (at, depth) => depth < DEPTH ? at[CHILDREN] : null;
    const depths = new Map([[node, 0]]);
    const root = d3.hierarchy(node, (at) => {
      const children = level(at, depths.get(at));
      for (const child of children || []) depths.set(child, depths.get(at) + 1);
      return children;
    }).sum((at) => !at[CHILDREN] || depths.get(at) === DEPTH ? at[SIZE] : 0).sort((a, b) => b.value - a.value);
    d3.treemap().size([width, height]).paddingOuter(2).paddingTop(HEADING).paddingInner(1)(root);
    const shown = root.descendants().filter((it) => it !== root
      && it.x1 - it.x0 >= SMALLEST && it.y1 - it.y0 >= SMALLEST);
    const groups = drawing.selectAll("g").data(shown).join("g")
      .attr("class", (it) => kind(it.data, diff, mark))
      .attr("transform", (it) => `translate(${it.x0},${it.y0})`);
    groups.append("rect").attr("width", (it) => it.x1 - it.x0).attr("height", (it) => it.y1 - it.y0);
    groups.filter((it) => it.x1 - it.x0 > 34 && it.y1 - it.y0 > 13).append("text").attr("x", 3).attr("y", 12)
      .text((it) => fitted(it.data[NAME], it.x1 - it.x0 - 6));
    groups.on("pointerenter", (_event, it) => say(path(it), it.data));
    groups.filter((it) => it.data[CHILDREN]).attr("tabindex", 0).attr("role", "button")
      .attr("aria-label", (it) => `${path(it)}, directory`)
      .on("focus", (_event, it) => say(path(it), it.data))
      .on("click", (_event, it) => open(chain(it)))
      .on("keydown", (event, it) => { if (event.key === "Enter") open(chain(it)); });
    return shown.length;
  }

  const chain = (it) => it.ancestors().slice(0, -1).map((each) => each.data).reverse();
  const path = (it) => chain(it).map((each) => each[NAME]).join("/");

  function kind(data, diff, mark) {
    if (data[CHILDREN]) return "directory";
    const words = ["file"];
    if (diff) words.push(data[GROWTH] > 0 ? "more" : data[GROWTH] < 0 ? "less" : "same");
    else if (data[PACKAGE] >= 0) words.push(`own${data[PACKAGE] % 8}`);
    if (mark >= 0 && data[PACKAGE] === mark) words.push("mark");
    return words.join(" ");
  }

  function fitted(text, width) {
    const room = Math.floor(width / 6.2);
    return text.length <= room ? text : room > 2 ? `${text.slice(0, room - 1)}…` : "";
  }

  return { draw };
})();
