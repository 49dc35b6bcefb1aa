/* Criteria: what a good output does, one thing each; how a machine can tell; and what people's labels say of it. */

import { fill, h } from "../kit/dom.js";
import { at, href } from "../kit/paths.js";
import { datasetFrame } from "../parts/dataset.js";
import { loading } from "../parts/notice.js";
import { showAgain } from "./criteria/again.js";
import { showBoard } from "./criteria/board.js";
import { showReport } from "./criteria/report.js";
import { showSet } from "./criteria/set.js";

const PARTS = [
  ["", "Criteria", showBoard],
  ["card", "Report card", showReport],
  ["set", "Best set", showSet],
  ["again", "Another look", showAgain],
];

export async function show(root, context) {
  const { dataset, body } = await datasetFrame(root, context, "criteria");
  const part = PARTS.find(([name]) => name === (context.params.part ?? "")) ?? PARTS[0];
  const place = h("div", { class: "stack" }, loading());
  fill(body, parts(dataset, part), place);
  await part[2](place, context, dataset);
}

function parts({ id }, current) {
  const link = (part) => h("a", { href: href(part[0] ? at`/datasets/${id}/criteria/${part[0]}` : at`/datasets/${id}/criteria`), "aria-current": part === current ? "page" : null }, part[1]);
  return h("nav", { class: "segments parts", "aria-label": "Parts of this screen" }, PARTS.map(link));
}
