/* What the look at a file found: how much of it is usable, what looks odd, which rows are refused and why. */

import { h } from "../../kit/dom.js";
import { count, number } from "../../kit/format.js";
import { notice } from "../../parts/notice.js";

export function summary(found) {
  const form = [
    found.format.toUpperCase(),
    found.encoding,
    found.delimiter && `${named(found.delimiter)} between cells`,
  ]
    .filter(Boolean)
    .join(", ");
  if (found.missing.length || found.unclear.length) {
    return notice(
      "warn",
      "Some columns need your word",
      h(
        "ul",
        {},
        found.missing.map(({ role }) => h("li", {}, `No column was recognized as the ${role}.`)),
        found.unclear.map(({ role, candidates }) =>
          h("li", {}, `${candidates.join(" and ")} could both be the ${role}.`),
        ),
      ),
      h("p", { class: "muted small" }, form),
    );
  }
  const kind = found.acceptable ? "good" : "warn";
  const title = found.acceptable
    ? `All ${count(found.rows, "row")} can be used`
    : `${number(found.usable)} of ${count(found.rows, "row")} can be used`;
  return notice(kind, title, h("p", { class: "muted small" }, form));
}

export function warningsOf({ warnings }) {
  return warnings.map((text) => notice("warn", null, h("p", {}, `${text.charAt(0).toUpperCase()}${text.slice(1)}.`)));
}

export function refusedRows({ refused }) {
  if (!refused.total) return null;
  const row = ({ line, column, value, message, allowed }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", class: "num" }, line),
      h("td", { class: "mono" }, column),
      h("td", { class: "mono" }, h("div", { class: "clip" }, value)),
      h("td", {}, message),
      h("td", { class: "muted" }, allowed),
    );
  const more = refused.total - refused.problems.length;
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "refused-title" },
    h("h2", { id: "refused-title" }, `${count(refused.rows, "row")} cannot be used`),
    h("p", { class: "muted" }, "Mend them in the file and choose it again, or store the others without them."),
    h(
      "div",
      { class: "scroll card flush refused", tabindex: 0, role: "region", "aria-label": "Rows that cannot be used" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["Line", "Column", "Value", "What is wrong", "What is allowed"].map((name, i) =>
              h("th", { scope: "col", class: i === 0 && "num" }, name),
            ),
          ),
        ),
        h("tbody", {}, refused.problems.map(row)),
      ),
    ),
    more > 0 && h("p", { class: "muted small" }, `And ${count(more, "more problem")}.`),
  );
}

function named(delimiter) {
  return { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars" }[delimiter] ?? `“${delimiter}”`;
}
