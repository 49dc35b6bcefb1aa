/* The verdicts, row by row: filtered by agreement or by a cell of the table, more of them as one asks or as they come. */

import { fill, h } from "../../kit/dom.js";
import { count, number } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { CELLS } from "../../parts/agreement.js";
import { loading, problem } from "../../parts/notice.js";
import { tail } from "../../parts/tail.js";
import { verdictRow } from "./row.js";

const PAGE = 50;
const FILTERS = [
  ["all", "All", {}],
  ["no", "Mismatches", { agrees: false }],
  ["yes", "Agreements", { agrees: true }],
];

export function verdictList(context, { dataset, path, scope, onRelabelled, onFilter }) {
  const { api, signal, keys } = context;
  const counts = Object.fromEntries(FILTERS.map(([name]) => [name, h("span", { class: "muted tabular" })]));
  const inputs = FILTERS.map(([name, word, filter]) => {
    const input = h("input", { type: "radio", name: "verdicts", value: name, on: { change: () => filterBy(filter) } });
    return { name, input, label: h("label", {}, input, word, counts[name]) };
  });
  const chip = h("span", {});
  const rows = h("ol", { class: "plain verdicts", "aria-label": "Verdicts" });
  const foot = h("div", {});
  const element = h(
    "section",
    { class: "stack", "aria-labelledby": "verdicts-title" },
    h("div", { class: "spread" }, h("h3", { id: "verdicts-title" }, "Row by row"), h("div", { class: "row" }, h("div", { class: "segments", role: "radiogroup", "aria-label": "Which rows" }, inputs.map((one) => one.label)), chip)),
    rows,
    foot,
  );
  let current = {};
  let shown = []; // what verdictRow made, in their order
  let list = null;
  let isReading = false;

  async function filterBy(filter) {
    current = filter;
    const name = filter.cell ? null : FILTERS.find(([, , one]) => one.agrees === filter.agrees)[0];
    inputs.forEach((one) => (one.input.checked = one.name === name));
    fill(chip, filter.cell && cellChip(filter.cell, () => filterBy({})));
    onFilter(filter);
    shown = [];
    list = tail(api, `${path}/verdicts`, { query: { ...filter, ...scope.query() }, limit: PAGE, key: (row) => row.example_id, signal });
    fill(rows);
    await more();
  }

  async function more() {
    const mine = list;
    if (isReading === mine) return;
    isReading = mine;
    if (!shown.length) fill(foot, loading());
    try {
      const added = await mine.read();
      if (mine !== list) return; // another filter was chosen meanwhile
      const made = added.map((row) => verdictRow(context, { dataset, row, onRelabelled: relabelled }));
      shown.push(...made);
      rows.append(...made.map((one) => one.element));
      fill(foot, end());
    } catch (error) {
      if (!signal.aborted && mine === list) fill(foot, problem(error, { retry: more }));
    } finally {
      if (isReading === mine) isReading = false;
    }
  }

  function relabelled(row) {
    list.put(row);
    onRelabelled();
  }

  function end() {
    if (!shown.length) return h("p", { class: "muted" }, "There is no such row so far.");
    if (list.isWhole) return h("p", { class: "muted small" }, `${count(shown.length, "row")}, all shown.`);
    return h("button", { type: "button", class: "button", on: { click: async () => focusAfter(shown.length) } }, icon("chevron-down"), "Show more rows");
  }

  async function focusAfter(place) {
    await more();
    shown[place]?.focus();
  }

  /* While the evaluation runs: what came to the end of what is shown. */
  function catchUp() {
    return list && (list.isWhole || !shown.length) ? more() : null;
  }

  function step(by, fits = () => true) {
    const here = shown.findIndex((one) => one.element.contains(document.activeElement));
    for (let place = here < 0 ? (by > 0 ? 0 : shown.length - 1) : here + by; shown[place]; place += by) {
      if (fits(shown[place])) return shown[place].focus();
    }
    if (by > 0 && list && !list.isWhole) focusAfter(shown.length);
  }

  keys.bind(
    [
      { key: ["j", "arrowdown"], label: "Next row", run: () => step(1) },
      { key: ["k", "arrowup"], label: "Row before", run: () => step(-1) },
      { key: "d", label: "Next mismatch", run: () => step(1, (one) => one.row().agrees === false) },
      { key: "escape", label: "Close the row", inFields: true, run: () => shown.find((one) => one.element.contains(document.activeElement))?.close() },
    ],
    { signal, group: "Verdicts" },
  );

  return {
    element,
    filterBy,
    again: () => filterBy(current),
    catchUp,
    count({ confusion: { tp, fp, fn, tn }, judged }) {
      counts.all.textContent = number(judged);
      counts.yes.textContent = number(tp + tn);
      counts.no.textContent = number(fp + fn);
    },
  };
}

function cellChip(cell, clear) {
  return h("button", { type: "button", class: "button small", "aria-pressed": "true", title: "Show all rows again", on: { click: clear } }, icon("filter"), `${CELLS[cell].word} only`, icon("cross"));
}
