/* What all criteria together come to, in a few lines. */

import { intervalBar } from "../../kit/chart.js";
import { fill, h } from "../../kit/dom.js";
import { NONE, estimate, number } from "../../kit/format.js";
import { at, href } from "../../kit/paths.js";
import { cardWords } from "./words.js";

export function wholeCard(dataset) {
  const body = h("div", { class: "stack tight" });
  const link = h("a", { href: href(at`/datasets/${dataset.id}/criteria/card`) }, "Intervals, and the rows behind them");
  const element = h("section", { class: "card stack tight", "aria-labelledby": "whole-title", hidden: true }, h("h3", { id: "whole-title" }, "All criteria together"), body, h("p", { class: "small" }, link));
  return {
    element,
    show(card) {
      const whole = card?.whole;
      element.hidden = !whole;
      if (whole) fill(body, lines(whole));
    },
  };
}

function lines(whole) {
  if (!whole.n) return h("p", { class: "muted" }, "No labelled row of this card has been judged yet.");
  return [
    h("p", { class: "row tabular" }, h("span", {}, "Kappa ", h("strong", {}, number(whole.kappa.value, 2)), h("span", { class: "muted" }, range(whole.kappa))), intervalBar(whole.kappa, { low: -0.2, label: "Agreement (kappa) of all criteria together" })),
    h("p", {}, cardWords(whole)),
    h("p", { class: "hint" }, `On ${number(whole.n)} labelled rows that no assertion was chosen on. An output fails if any criterion fails it.`),
  ];
}

function range(found) {
  const text = estimate(found);
  return text === NONE ? "" : ` ${text.slice(number(found.value, 2).length + 1)}`;
}
