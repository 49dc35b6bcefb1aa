/* How much a run may take.
 *
 *   const budget = budgetFields(onChange)
 *       budget.element, budget.capElement; budget.value() and budget.cap() for a request; budget.problem()
 *       budget.learn(estimate)   the calls that measuring alone takes, on top of which a search is offered
 */

import { h } from "../../kit/dom.js";
import { count, number } from "../../kit/format.js";
import { field } from "../../parts/model.js";

const SEARCHES = [
  ["200", "Quick", 200],
  ["400", "Usual", 400],
  ["1200", "Thorough", 1200],
  ["own", "Own limit", null],
];
const USUAL = "400";

export function budgetFields(onChange) {
  let needed = null;
  let chosen = USUAL;
  const own = h("input", { type: "number", min: "1", step: "1", inputmode: "numeric", "aria-label": "Model calls at most", on: { input: onChange } });
  const ownField = h("div", { class: "row", hidden: true }, h("div", { class: "short" }, own), h("span", { class: "muted" }, "model calls, all in all; empty: no limit"));
  const hint = h("p", { class: "hint", id: "budget-hint" });
  const dollars = h("input", { type: "number", min: "0.01", step: "0.01", inputmode: "decimal", placeholder: "no limit", on: { input: onChange } });
  const cap = h("input", { type: "number", min: "0.01", step: "0.01", inputmode: "decimal", placeholder: "no limit", on: { input: onChange } });

  function choose(value) {
    chosen = value;
    ownField.hidden = chosen !== "own";
    if (chosen === "own" && !own.value && needed !== null) own.value = needed + Number(USUAL);
    say();
    onChange();
  }

  function say() {
    const measuring = needed === null ? "" : ` ${number(needed)} more judge the prompt to beat and, at the end, both on the test rows.`;
    hint.textContent = chosen === "own" ? `A run that reaches its limit ends with the best that it has.${needed === null ? "" : ` Measuring alone takes ${number(needed)}.`}` : `About ${count(Number(chosen), "call")} search.${measuring}`;
  }

  const segment = ([value, word, calls]) => h("label", {}, h("input", { type: "radio", name: "budget", value, checked: value === USUAL, on: { change: () => choose(value) } }), word, calls && h("span", { class: "muted tabular" }, number(calls)));
  const element = h(
    "fieldset",
    { class: "stack tight", "aria-describedby": hint.id },
    h("legend", {}, "How far to search"),
    h("div", {}, h("div", { class: "segments" }, SEARCHES.map(segment))),
    ownField,
    hint,
    field("And in US dollars at most", dollars, "Needs a model whose price is known."),
  );
  say();

  return {
    element,
    capElement: field("Never pay more than, in US dollars", cap, "The budget above plans the search. This is a brake on what is really paid, also after faults: reaching it pauses the run."),
    learn({ needed_calls: calls }) {
      if (calls === needed) return;
      needed = calls;
      say();
      onChange(); // the offer is on top of these
    },
    value() {
      const calls = chosen === "own" ? Number(own.value) || null : needed === null ? null : needed + Number(chosen);
      return { ...(calls ? { max_calls: calls } : {}), ...(dollars.value ? { max_cost_usd: Number(dollars.value) } : {}) };
    },
    cap: () => (cap.value ? { spend_cap: { max_cost_usd: Number(cap.value) } } : {}),
    problem() {
      if (chosen !== "own" || !own.value || needed === null || Number(own.value) >= needed) return "";
      return `Measuring alone takes ${count(needed, "call")}; the limit must not be lower.`;
    },
  };
}
