/* What the file, other people and judges say of a row; shown only once one has labelled it. */

import { h } from "../../kit/dom.js";
import { percent } from "../../kit/format.js";
import { labelBadge, verdictBadge } from "../../parts/badge.js";

export function whatOthersSay(text, row, annotator, onSettle) {
  const people = Object.entries(text.labels).filter(([name]) => name !== annotator);
  const verdicts = text.verdicts ?? [];
  const given = text.label_source === "given" ? [["The file", { label: text.label, critique: text.critique }]] : [];
  const said = [...given, ...people].map(([name, { label, critique }]) =>
    line(name, labelBadge(label), critique, label !== row.label),
  );
  const judged = verdicts.map((found) =>
    line(
      `Judge (${found.model})`,
      verdictBadge(found.verdict, found.failure),
      reason(found),
      found.verdict !== row.label,
    ),
  );
  if (!said.length && !judged.length) return null;
  const differs = text.label !== row.label && (given.length > 0 || people.length > 0);
  return h(
    "section",
    { class: "card stack tight others", "aria-label": "What others say" },
    h("h3", {}, "What others say"),
    h("ul", { class: "plain stack tight" }, said, judged),
    differs &&
      h(
        "div",
        { class: "row" },
        h("span", { class: "small muted" }, counting(text)),
        h("button", { type: "button", class: "button small", on: { click: onSettle } }, "Let my label count"),
      ),
  );
}

function line(name, mark, words, differs) {
  return h(
    "li",
    { class: "row said", data: { differs: String(differs) } },
    h("strong", {}, name),
    mark,
    differs && h("span", { class: "small muted" }, "differs from yours"),
    words && h("div", { class: "text small" }, words),
  );
}

function reason({ rationale, fail_probability: p }) {
  return [rationale, typeof p === "number" && `(${percent(p)} sure of fail)`].filter(Boolean).join(" ");
}

function counting({ label, label_source: source }) {
  if (source === "tie") return "The row is tied.";
  return `What counts now is ${label}${source === "given" ? ", from the file" : source === "majority" ? ", by majority" : ", as somebody settled it"}.`;
}
