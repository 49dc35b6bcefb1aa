/* Labels worth another look: those that a changed criterion puts in doubt, those that good candidates contradict;
 * and how people agree with each other and with themselves. Nothing is relabelled by itself. */

import { fill, h } from "../../kit/dom.js";
import { at } from "../../kit/paths.js";
import { doubtsPart } from "./doubts.js";
import { peoplePart } from "./people.js";
import { suspectsPart } from "./suspects.js";

export async function showAgain(root, context, dataset) {
  const { api, signal } = context;
  const [criteria, runs] = await Promise.all([
    api.get(at`/datasets/${dataset.id}/criteria`, { signal }),
    api.get("/runs", { query: { dataset_id: dataset.id, limit: 50 }, signal }),
  ]);
  const parts = [doubtsPart(context, dataset, criteria.items), suspectsPart(context, dataset, runs.items), peoplePart(context, dataset)];
  const head = h("div", { class: "stack tight" }, h("h2", {}, "Worth another look"), h("p", { class: "muted" }, "Labels are made of what one meant at the time. Here are those that may no longer say what you mean; none is changed but by you."));
  fill(root, head, h("div", { class: "with-aside" }, h("div", { class: "stack" }, parts[0].element, parts[1].element), h("aside", { class: "stack" }, parts[2].element)));
  await Promise.all(parts.map((part) => part.load()));
}
