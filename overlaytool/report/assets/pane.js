"use strict";
/* The pane at the side: its width, its tabs, and on a phone the button for search and filters. */
(() => {
  const byId = (id) => document.getElementById(id);
  const LEAST = 20, MOST = 70, STEP = 2;

  function tabs(withChanges) {
    const buttons = [...byId("tabs").querySelectorAll("button")];
    byId("tabs").hidden = !withChanges;
    for (const button of buttons) button.addEventListener("click", () => {
      for (const each of buttons) {
        const on = each === button;
        each.setAttribute("aria-pressed", String(on));
        byId(each.dataset.tab).hidden = !on;
      }
    });
  }

  function width(resized) {
    const edge = byId("edge");
    const set = (percent) => {
      const value = Math.round(Math.min(MOST, Math.max(LEAST, percent)));
      document.querySelector("main").style.setProperty("--side", `${value}%`);
      edge.setAttribute("aria-valuenow", String(value));
      resized();
    };
    const move = (event) => set(100 - (100 * event.clientX) / innerWidth);
    edge.addEventListener("pointerdown", (event) => {
      edge.setPointerCapture(event.pointerId);
      edge.addEventListener("pointermove", move);
      event.preventDefault();
    });
    edge.addEventListener("pointerup", () => edge.removeEventListener("pointermove", move));
    edge.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
      if (by) set(Number(edge.getAttribute("aria-valuenow")) + by);
    });
  }

  function filters() {
    byId("filters").addEventListener("click", () => {
      const open = byId("toolbar").classList.toggle("open");
      byId("filters").setAttribute("aria-expanded", String(open));
    });
  }

  overlaytool.pane = { tabs, width, filters };
})();
