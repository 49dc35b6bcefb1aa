/* The one thing to do now on the way from criteria to a set that can be trusted. */

import { h } from "../../kit/dom.js";
import { count } from "../../kit/format.js";
import { at, href } from "../../kit/paths.js";
import { notice } from "../../parts/notice.js";

const GATE = 20;

export function nextStep(dataset, board) {
  const found = stepOf(dataset, board);
  if (!found) return null;
  const [title, text, link] = found;
  return notice("info", title, h("p", {}, text), link && h("div", {}, h("a", { class: "button small", href: link[1] }, link[0])));
}

function stepOf({ id, labelled }, { criteria, assertions, card }) {
  if (!criteria.length) return null;
  const without = criteria.filter((one) => !assertions.some((assertion) => assertion.criterion_id === one.id));
  const grade = ["Grade rows", href(at`/datasets/${id}/label`, { order: "evalgen" })];
  if (!assertions.length) return ["Give each criterion assertions", "A model can write a few of different kinds; open “Assertions” at a criterion.", null];
  if (!assertions.some((one) => one.n_judged)) return ["Run the assertions", "They are asked about each row. Grade rows meanwhile: that is what they are measured by.", grade];
  if (labelled < GATE) return [`Grade ${count(GATE - labelled, "more row")}`, "Rows come so that they say most about the assertions.", grade];
  if (without.length) return [`${count(without.length, "criterion has", "criteria have")} no assertion`, "A criterion without one is in no number.", null];
  if (card?.unsupported.length) return ["See what your labels support", "Criteria that nobody's labels support can be restated, retired, or graded for a while longer.", ["Open the report card", href(at`/datasets/${id}/criteria/card`)]];
  return ["Choose the best set", "Of all assertions, those that together agree best with people.", ["Choose a set", href(at`/datasets/${id}/criteria/set`)]];
}
