/* What a run needs, and what is missing. */

import { h } from "../../kit/dom.js";
import { count, number } from "../../kit/format.js";
import { at, href } from "../../kit/paths.js";
import { notice } from "../../parts/notice.js";

const LABELS = 50;
const EACH_CLASS = 10;

/* Sentences on what is missing; none where a run can start. */
export function missingLabels({ labelled, classes }) {
  const found = [];
  if (labelled < LABELS) found.push(count(LABELS - labelled, "more label"));
  for (const name of ["pass", "fail"]) {
    if (classes[name] < EACH_CLASS) found.push(`${EACH_CLASS - classes[name]} more labelled ${name}`);
  }
  return found;
}

export function gate({ id, labelled, classes }, missing, form) {
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "gate-title" },
    h("h2", { id: "gate-title" }, `Missing: ${missing.join(", ")}`),
    h("progress", { max: LABELS, value: Math.min(LABELS, labelled), "aria-label": `${labelled} of ${LABELS} labels` }),
    h("p", {}, `A run needs ${LABELS} labelled rows, at least ${EACH_CLASS} that pass and ${EACH_CLASS} that fail: some to learn from, some to choose by, and some to measure the winner on. Here are ${number(labelled)}: ${number(classes.pass)} pass and ${number(classes.fail)} fail.`),
    h("div", { class: "row" }, h("a", { class: "button primary", href: href(at`/datasets/${id}/label`) }, "Label more rows"), labelled >= 20 && h("a", { class: "button", href: href(at`/datasets/${id}/evaluate`) }, "Evaluate a judge meanwhile")),
    labelled > 0 && h("details", {}, h("summary", {}, "Start a run all the same"), h("div", { class: "stack" }, notice("warn", null, h("p", {}, "With so few labels a winner may have won by luck. The report will say that the run was forced.")), form)),
  );
}
