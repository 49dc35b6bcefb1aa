/* All trials as a table, the newest first; pressing one shows its candidate.
 *
 *   const table = trialTable({onChoose: (number) => ...});  table.element; table.show({trials, best, chosen})
 */

import { fill, h } from "../../kit/dom.js";
import { number } from "../../kit/format.js";
import { badge } from "../../parts/badge.js";
import { moveWords } from "./words.js";

const COLUMNS = ["Trial", "What was tried", "Agreement (kappa)", "Rows", "Calls"];

export function trialTable({ onChoose }) {
  const rows = new Map(); // by the trial's number: a row that is there keeps its focus
  const body = h("tbody", {});
  const element = h(
    "div",
    { class: "card flush" },
    h(
      "div",
      { class: "scroll trials", tabindex: "0", role: "region", "aria-label": "Table of trials" },
      h("table", {}, h("caption", { class: "visually-hidden" }, "Trials, the newest first. Kappa is measured on the rows that choose."), h("thead", {}, h("tr", {}, COLUMNS.map((word, i) => h("th", { scope: "col", class: i > 1 && "num" }, word)))), body),
    ),
  );

  function show({ trials, best, chosen }) {
    element.hidden = !trials.length;
    for (const trial of trials) {
      if (!rows.has(trial.number)) {
        rows.set(trial.number, row(trial, onChoose));
        body.prepend(rows.get(trial.number).element);
      }
      rows.get(trial.number).mark({ isBest: trial === best, isChosen: trial.number === chosen });
    }
  }
  return { element, show };
}

function kappaOf({ dev, kappa }) {
  const { low, high } = dev?.kappa ?? {};
  return [number(kappa, 2), typeof low === "number" && h("span", { class: "muted small" }, ` (${number(low, 2)} to ${number(high, 2)})`)];
}

function row(trial, onChoose) {
  const button = h("button", { type: "button", class: "button quiet small", on: { click: () => onChoose(trial.number) } }, h("span", { class: "visually-hidden" }, "Show trial "), number(trial.number));
  const mark = h("span", {});
  const rowsSeen = trial.complete ? number(trial.rows) : `${number(trial.rows)}, dropped`;
  const element = h(
    "tr",
    { on: { click: () => onChoose(trial.number) } },
    h("th", { scope: "row" }, button),
    h("td", {}, h("span", { class: "row" }, moveWords(trial), mark)),
    h("td", { class: "num nowrap" }, kappaOf(trial)),
    h("td", { class: "num nowrap" }, rowsSeen),
    h("td", { class: "num" }, number(trial.calls_so_far)),
  );
  return {
    element,
    mark({ isBest, isChosen }) {
      fill(mark, isBest && badge("good", "check", "Best so far"), trial.is_baseline && badge("warn", "flag", "To beat"));
      button.setAttribute("aria-pressed", String(isChosen));
      element.classList.toggle("chosen", isChosen);
    },
  };
}
