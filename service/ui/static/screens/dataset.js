/* One dataset: what it is, and what to do next. */

import { fill, h } from "../kit/dom.js";
import { datasetFrame } from "../parts/dataset.js";
import { milestoneBar } from "../parts/milestones.js";
import { notice } from "../parts/notice.js";
import { criterionCard } from "./dataset/criterion.js";
import { contents } from "./dataset/contents.js";
import { keeping } from "./dataset/keeping.js";
import { nextSteps } from "./dataset/next.js";

export async function show(root, context) {
  const frame = await datasetFrame(root, context, "overview");
  const runs = await context.api.get("/runs", {
    query: { dataset_id: frame.dataset.id, limit: 50 },
    signal: context.signal,
  });
  const draw = () => {
    const { dataset } = frame;
    fill(
      frame.body,
      h(
        "section",
        { class: "card stack", "aria-labelledby": "next-title" },
        nextSteps(dataset, runs.items),
        milestoneBar(dataset, { words: dataset.labelled >= 20 }),
      ),
      dataset.warnings.map((text) =>
        notice("warn", null, h("p", {}, `${text.charAt(0).toUpperCase()}${text.slice(1)}.`)),
      ),
      h("div", { class: "columns" }, criterionCard(dataset, context, refresh), contents(dataset)),
      keeping(dataset, context, refresh),
    );
  };
  const refresh = async () => {
    await frame.refresh();
    if (!context.signal.aborted) draw();
  };
  draw();
}
