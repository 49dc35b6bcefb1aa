/* Over which rows a judge is looked at that a run has found on this dataset: on the rows that it was tuned on,
 * its agreement flatters it, so those that are new to it come first.
 *
 *   const scope = rowScope({onChange})
 *       scope.element; scope.query() -> {part: "test"} or {}
 *       scope.learn(agreement) -> whether that changes the rows: it has told of rows that the judge was tuned on
 */

import { h } from "../../kit/dom.js";
import { count } from "../../kit/format.js";
import { notice } from "../../parts/notice.js";

const CHOICES = [
  ["test", "Rows that are new to it"],
  ["all", "All rows"],
];

export function rowScope({ onChange }) {
  const text = h("p", {});
  const inputs = CHOICES.map(([value, word]) => h("label", {}, h("input", { type: "radio", name: "scope", value, checked: value === "test", on: { change: () => choose(value) } }), word));
  const segments = h("div", { class: "segments", role: "radiogroup", "aria-label": "Over which rows" }, inputs);
  const element = h("div", { hidden: true }, notice("info", null, text, h("div", {}, segments)));
  let chosen = null; // until rows are told of that the judge was tuned on, there is nothing to choose
  let tuned = 0;

  function choose(value) {
    chosen = value;
    say();
    onChange();
  }

  function say() {
    const rows = count(tuned, "row");
    text.textContent = chosen === "test" ? `A run has found this judge with ${rows} of this dataset. They are left out here: on them it looks better than it is.` : `The judge was tuned on ${rows} of these, and its agreement with them flatters it.`;
  }

  return {
    element,
    query: () => (chosen === "test" ? { part: "test" } : {}),
    learn({ searched }) {
      if (!searched || chosen === "test") return false; // with `part` none is told
      tuned = searched;
      element.hidden = false;
      const isNews = chosen === null;
      chosen ??= "test";
      say();
      return isNews;
    },
  };
}
