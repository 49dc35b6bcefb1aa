/* What stands above the list, and the choice of what to label next. */

import { h } from "../../kit/dom.js";
import { number } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";

const FILTERS = {
  all: "All rows",
  todo: "To label",
  pass: "Labelled pass",
  fail: "Labelled fail",
  flag: "Flagged",
  skip: "Skipped",
};
export const ORDERS = {
  given: ["In order", "As the rows arrived."],
  random: ["Random", "Guards against a file that is sorted."],
  disagreement: [
    "Judges disagree",
    "Begins with the rows on which judges differ: they teach most. Rows picked so stay out of the final test.",
  ],
  evalgen: [
    "Tests the criteria",
    "By turns a row that the assertions seem to fail for good reason and one that they seem to pass: your labels soon show which to trust. Rows picked so stay out of the final test.",
  ],
  uncertain: [
    "Hardest to tell",
    "Begins with the rows on which what the assertions say leaves most open. Rows picked so stay out of the final test.",
  ],
};

export function toolbar({ work, picked, onFilter, onList }) {
  const filters = picked ? { picked: picked.what, ...FILTERS } : FILTERS;
  const options = Object.entries(filters).map(([value, words]) => [words, h("option", { value })]);
  const select = h(
    "select",
    { "aria-label": "Which rows", on: { change: () => onFilter(select.value) } },
    options.map(([, option]) => option),
  );
  const toggle = h(
    "button",
    {
      type: "button",
      class: "button small list-toggle",
      "aria-expanded": "false",
      on: { click: () => toggle.setAttribute("aria-expanded", String(onList())) },
    },
    "Rows",
    icon("chevron-down"),
  );
  return {
    node: h("div", { class: "label-filter row" }, select, toggle),
    update() {
      const counts = work.counts();
      for (const [words, option] of options) rename(option, `${words} (${number(counts[option.value])})`);
      if (select.value !== work.filter) select.value = work.filter;
    },
  };
}

function rename(option, text) {
  if (option.textContent !== text) option.textContent = text;
}

export function orderChoice({ asked }, onOrder) {
  const radio = ([order, [words, hint]]) =>
    h(
      "label",
      { title: hint },
      h("input", {
        type: "radio",
        name: "order",
        value: order,
        checked: order === asked,
        on: { change: () => onOrder(order) },
      }),
      words,
    );
  return h(
    "fieldset",
    { class: "row" },
    h("legend", { class: "visually-hidden" }, "What to label next"),
    h("span", { class: "muted small", "aria-hidden": "true" }, "Next:"),
    h("div", { class: "segments small" }, Object.entries(ORDERS).map(radio)),
  );
}
