/* One criterion of the list: its words, what labels say of it, its assertions, its history.
 *
 *   const item = criterionItem(context, {dataset, models, onChanged, onPick});  item.element
 *       item.show({criterion, assertions, card})   again and again: what is open or has the focus stays
 */

import { fill, h } from "../../kit/dom.js";
import { count, number, time } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { badge } from "../../parts/badge.js";
import { assertionList } from "./assertions.js";
import { editCriterion, retireCriterion, splitCriterion } from "./changing.js";
import { criterionHistory } from "./history.js";
import { cardWords, originWords, supportBadge } from "./words.js";

export function criterionItem(context, { dataset, models, onChanged, onPick }) {
  let criterion = null;
  let drawn = "";
  const pick = h("input", { type: "checkbox", on: { change: () => onPick(criterion.id, pick.checked) } });
  const name = h("h3", {});
  const badges = h("span", { class: "row" });
  const text = h("p", { class: "text" });
  const numbers = h("div", { class: "row criterion-numbers" });
  const about = h("p", { class: "small muted" });
  const orders = [order("edit", "Edit", editCriterion), order("split", "Split", splitCriterion), order("trash", "Retire", retireCriterion)];
  const assertions = assertionList(context, { dataset, models, onChanged });
  const history = criterionHistory(context, dataset);
  const element = h(
    "li",
    { class: "card criterion-item stack tight" },
    h("div", { class: "spread" }, h("label", { class: "check grow", title: "Choose it to merge it with another" }, pick, name), h("div", { class: "row" }, orders.map((one) => one.button))),
    text,
    h("div", { class: "row" }, badges, about),
    numbers,
    assertions.element,
    history.element,
  );

  function order(picture, word, change) {
    const give = async () => (await change(context, dataset, criterion)) && onChanged();
    return { word, button: h("button", { type: "button", class: "button quiet small", on: { click: give } }, icon(picture), word) };
  }

  function show(state) {
    criterion = state.criterion;
    const key = `${criterion.version} ${criterion.name} ${criterion.n_own_labels}`;
    if (key !== drawn) drawWords();
    drawn = key;
    fill(numbers, numbersOf(state));
    assertions.show(state);
    history.of(criterion);
  }

  function drawWords() {
    fill(name, criterion.name);
    fill(text, criterion.text);
    text.hidden = criterion.text === criterion.name;
    fill(badges, criterion.version > 1 && badge("info", "edit", `Version ${criterion.version}`), criterion.n_own_labels > 0 && badge("none", "user", count(criterion.n_own_labels, "label of its own", "labels of its own")));
    fill(about, originWords(criterion), criterion.author && ` by ${criterion.author}`, ", ", time(criterion.created_at));
    for (const { word, button } of orders) button.setAttribute("aria-label", `${word}: ${criterion.name}`);
    pick.setAttribute("aria-label", `Choose to merge: ${criterion.name}`);
  }

  return { element, show };
}

function numbersOf({ assertions, card }) {
  if (!assertions.length || !card?.overall) return null;
  const { overall, own } = card;
  if (!overall.n) return h("p", { class: "small muted" }, "Asked, but about no labelled row of the report yet.");
  return [
    supportBadge(overall),
    h("span", { class: "tabular" }, cardWords(overall)),
    own?.n > 0 && h("span", { class: "small muted" }, `By its own labels, kappa ${number(own.kappa.value, 2)} on ${count(own.n, "row")}.`),
  ];
}
