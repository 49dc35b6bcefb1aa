/* Agreements on one axis: who agrees with people how far, and how sure that is.
 *
 *   ranges([{name, note?, found: {value, low, high, undefined?}, kind?: "plain" | "best" | "rival" | "people", id?}, ...],
 *         {caption, mark: {value, label}})
 *       -> a table of names, range bars and numbers; a row without `found` is a heading. `mark` is a line through
 *          all rows (people's agreement with each other).
 *   aboutKappa()  -> what the number means, folded away
 */

import { linear, ticks } from "../kit/chart.js";
import { h, s } from "../kit/dom.js";
import { NONE, estimate, number } from "../kit/format.js";

export function ranges(rows, { caption, mark = null }) {
  const axis = axisOf(rows, mark);
  return h(
    "table",
    { class: "ranges" },
    h("caption", { class: "visually-hidden" }, caption),
    h("colgroup", {}, h("col", { class: "range-names" }), h("col", {}), h("col", { class: "range-numbers" })),
    h("thead", { class: "visually-hidden" }, h("tr", {}, h("th", { scope: "col" }, "Judge"), h("th", { scope: "col" }, "Range"), h("th", { scope: "col" }, "Agreement (kappa) and its 95 % interval"))),
    h("tbody", {}, rows.map((row) => (row.found === undefined ? heading(row) : line(row, axis, mark)))),
    h("tfoot", { "aria-hidden": "true" }, h("tr", {}, h("td", {}), h("td", {}, ruler(axis)), h("td", {}))),
  );
}

export function aboutKappa() {
  return h(
    "details",
    { class: "small" },
    h("summary", {}, "What is kappa, and what is the interval?"),
    h(
      "div",
      { class: "stack tight" },
      h("p", {}, "Kappa is the share of rows on which judge and people agree, beyond what chance alone would give: 1 is perfect, 0 is what guessing gives, below 0 is worse than guessing. A judge that passes everything has 0, however many good outputs there are."),
      h("p", {}, "The bar is a 95 % interval: with other rows of the same kind, kappa would mostly lie in it. More labelled rows make it narrower."),
    ),
  );
}

function heading({ name, note }) {
  return h("tr", { class: "range-heading" }, h("th", { colspan: 3, scope: "rowgroup" }, name, note && h("span", { class: "range-note" }, note)));
}

function line({ name, note, found, kind = "plain" }, axis, mark) {
  const words = found.value === null ? [NONE, found.undefined && h("span", { class: "range-note" }, `undefined: ${found.undefined}`)] : shown(found);
  return h(
    "tr",
    { data: { kind } },
    h("th", { scope: "row" }, name, note && h("span", { class: "range-note" }, note)),
    h("td", { class: "range-bar" }, bar(found, axis, mark)),
    h("td", { class: "tabular range-number" }, words),
  );
}

function shown(found) {
  const range = typeof found.low === "number" && h("span", { class: "muted" }, ` ${estimate(found).slice(number(found.value, 2).length + 1)}`);
  return [h("strong", {}, number(found.value, 2)), range];
}

/* --- drawing: in shares of the width, so that the bars grow with the table while their ends stay round --- */

function axisOf(rows, mark) {
  const values = rows.flatMap(({ found }) => (found ? [found.value, found.low, found.high] : [])).filter((value) => typeof value === "number");
  const low = Math.min(0, Math.floor(Math.min(...values, mark?.value ?? 0) * 5) / 5);
  const to = linear([low, 1], [3, 97]);
  return { at: (value) => `${to(Math.min(1, Math.max(low, value)))}%`, ticks: ticks(low, 1, 5) };
}

function bar({ value, low, high }, { at, ticks: places }, mark) {
  const wide = typeof low === "number" && typeof high === "number";
  return s(
    "svg",
    { class: "range-svg", height: 28, "aria-hidden": "true" },
    places.map((place) => s("line", { class: place === 0 ? "zero" : "grid", x1: at(place), x2: at(place), y1: 0, y2: "100%" })),
    mark && s("line", { class: "mark", x1: at(mark.value), x2: at(mark.value), y1: 0, y2: "100%" }),
    wide && s("line", { class: "span", x1: at(low), x2: at(high), y1: 14, y2: 14 }),
    wide && [low, high].map((end) => s("line", { class: "end", x1: at(end), x2: at(end), y1: 9, y2: 19 })),
    typeof value === "number" && s("circle", { class: "value", cx: at(value), cy: 14, r: 6 }),
  );
}

function ruler({ at, ticks: places }) {
  return s("svg", { class: "range-svg", height: 18 }, places.map((place) => s("text", { x: at(place), y: 13, "text-anchor": "middle" }, number(place, 1))));
}
