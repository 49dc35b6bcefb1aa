/* Choosing criteria of the list to make one of them.
 *
 *   const merge = merging(context, {dataset, onMerged});  merge.element, shown while some are chosen
 *       merge.pick(criterion, isChosen); merge.among(criteria): those that there are
 */

import { h } from "../../kit/dom.js";
import { count } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { mergeCriteria } from "./changing.js";

export function merging(context, { dataset, onMerged }) {
  let chosen = [];
  let known = [];
  const words = h("p", { class: "grow", role: "status" });
  const go = h("button", { type: "button", class: "button primary", on: { click: start } }, icon("merge"), "Merge them");
  const element = h("div", { class: "chooser", role: "region", "aria-label": "Criteria to merge", hidden: true }, words, go);

  function draw() {
    element.hidden = !chosen.length;
    go.disabled = chosen.length < 2;
    words.textContent = chosen.length < 2 ? "One criterion is chosen. Choose another to merge it with." : `${count(chosen.length, "criterion", "criteria")} are chosen.`;
  }

  async function start() {
    if (await mergeCriteria(context, dataset, known.filter((one) => chosen.includes(one.id)))) {
      chosen = [];
      draw();
      await onMerged();
    }
  }

  return {
    element,
    pick(id, isChosen) {
      chosen = isChosen ? [...chosen, id] : chosen.filter((one) => one !== id);
      draw();
    },
    among(criteria) {
      known = criteria;
      chosen = chosen.filter((id) => criteria.some((one) => one.id === id));
      draw();
    },
  };
}
