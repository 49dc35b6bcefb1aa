/* The rows, counted, and the people who labelled them. */

import { h } from "../../kit/dom.js";
import { count, number, percent, time } from "../../kit/format.js";
import { labelBadge } from "../../parts/badge.js";

export function contents(dataset) {
  const { classes, unlabelled, tied, examples } = dataset;
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "contents-title" },
    h("h2", { id: "contents-title" }, count(examples, "row")),
    h(
      "div",
      { class: "stats" },
      stat(classes.pass, labelBadge("pass")),
      stat(classes.fail, labelBadge("fail")),
      tied > 0 && stat(tied, labelBadge("tie")),
      stat(unlabelled, "without a label"),
    ),
    people(dataset),
    h(
      "dl",
      { class: "facts" },
      facts(dataset).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    ),
    h(
      "details",
      {},
      h("summary", {}, "What the shares are for"),
      h(
        "p",
        { class: "muted" },
        "A run takes its demonstrations and ideas from one share of the labelled rows, chooses among candidates on the second, and measures the winner once on the third, which nothing was tuned on. Rows of one group, or of one input, stay together.",
      ),
    ),
  );
}

function stat(n, words) {
  return h("div", { class: "stat" }, h("span", {}, number(n)), h("span", {}, words));
}

function facts({ groups, examples, split, parts, marked, created_at: made, label_mapping: mapping }) {
  const shares = `${percent(split.train)} to learn from, ${percent(split.dev)} to choose with, ${percent(split.test)} to measure on`;
  const settled = parts.train + parts.dev + parts.test;
  const words =
    mapping &&
    Object.entries(mapping)
      .map(([word, means]) => `${word} = ${means}`)
      .join(", ");
  return [
    groups < examples && ["Groups", number(groups)],
    ["Shares", shares],
    settled > 0 && ["In these shares", `${number(parts.train)}, ${number(parts.dev)} and ${number(parts.test)} rows`],
    marked?.flag > 0 && ["Flagged", count(marked.flag, "row")],
    words && ["Labels read as", words],
    ["Made", time(made)],
  ].filter(Boolean);
}

function people({ annotators, agreement }) {
  if (annotators.length === 0) return null;
  const rows = annotators.map(({ name, labels }) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "num" }, number(labels))),
  );
  return h(
    "div",
    { class: "stack tight" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h("tr", {}, h("th", { scope: "col" }, "Who labelled"), h("th", { scope: "col", class: "num" }, "Labels")),
      ),
      h("tbody", {}, rows),
    ),
    agreement?.pairs.length > 0 && h("ul", { class: "plain small stack tight" }, agreement.pairs.map(pair)),
    agreement?.pairs.length > 0 &&
      h(
        "details",
        { class: "small" },
        h("summary", {}, "What agreement (kappa) means"),
        h(
          "p",
          { class: "muted" },
          "1 is full agreement, 0 is what chance alone would give. No judge can be shown to agree better with people than they agree with each other.",
        ),
      ),
  );
}

function pair({ annotators, n, kappa }) {
  const [one, other] = annotators;
  return h(
    "li",
    {},
    `${one} and ${other}: agreement (kappa) `,
    h("strong", { class: "tabular" }, kappa === null ? "undefined" : number(kappa, 2)),
    ` on ${count(n, "row")} that both labelled`,
  );
}
