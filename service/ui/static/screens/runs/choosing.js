/* Choosing two runs of a list to compare. What is chosen stays in the address.
 *
 *   const choice = chooser(context, given, datasetId)   given: ids of runs that are chosen already
 *       choice.element (shown while something is chosen); choice.box(run) -> the checkbox of one run
 */

import { h } from "../../kit/dom.js";
import { icon } from "../../kit/icons.js";
import { href } from "../../kit/paths.js";
import { runName } from "../../parts/runs.js";

export function chooser(context, given, datasetId) {
  const boxes = new Map();
  let chosen = given.slice(0, 2);
  const words = h("p", { class: "grow", role: "status" });
  const go = h("a", { class: "button primary" }, "Compare the two");
  const element = h("div", { class: "chooser", role: "region", "aria-label": "Runs to compare" }, icon("people"), words, go, h("button", { type: "button", class: "button quiet", on: { click: clear } }, "Clear"));

  function box(run) {
    const toggle = (event) => {
      chosen = event.target.checked ? [...chosen, run.id] : chosen.filter((id) => id !== run.id);
      draw();
    };
    const made = h("input", { type: "checkbox", checked: chosen.includes(run.id), "aria-label": `Compare ${runName(run)}`, on: { change: toggle } });
    boxes.set(run.id, made);
    draw();
    return made;
  }

  function clear() {
    chosen = [];
    boxes.forEach((made) => (made.checked = false));
    draw();
    boxes.values().next().value?.focus();
  }

  function draw() {
    const isFull = chosen.length === 2;
    element.hidden = !chosen.length;
    words.textContent = isFull ? "Two runs are chosen." : "One run is chosen. Choose another one to compare it with.";
    go.hidden = !isFull;
    if (isFull) go.setAttribute("href", href("/runs/compare", { a: chosen[0], b: chosen[1] }));
    boxes.forEach((made, id) => (made.disabled = isFull && !chosen.includes(id)));
    context.setQuery({ dataset: datasetId, a: chosen[0], b: chosen[1] });
  }

  draw();
  return { element, box };
}
