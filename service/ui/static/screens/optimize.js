/* Optimize: let a strategy search for a prompt that agrees better with people, and watch it. */

import { fill, h } from "../kit/dom.js";
import { at } from "../kit/paths.js";
import { datasetFrame } from "../parts/dataset.js";
import { isActive } from "../parts/job.js";
import { runForm } from "./optimize/form.js";
import { gate, missingLabels } from "./optimize/gate.js";
import { runView } from "./optimize/run.js";

export async function show(root, context) {
  const { dataset, body } = await datasetFrame(root, context, "optimize");
  const { api, signal, query } = context;
  const [models, strategies, runs] = await Promise.all([
    api.get("/models", { signal }),
    api.get("/strategies", { signal }),
    api.get("/runs", { query: { dataset_id: dataset.id, limit: 50 }, signal }),
  ]);
  const wanted = query.get("run");
  const current = wanted ? await api.get(at`/runs/${wanted}`, { signal }) : runs.items.find(isActive);
  if (current) context.layout("wide");
  const missing = missingLabels(dataset);
  const form = () => runForm(context, { dataset, models, strategies, runs: runs.items, force: missing.length > 0 });
  const start = missing.length ? gate(dataset, missing, form()) : form();
  fill(
    body,
    current && (await runView(context, current)),
    current ? another(start, isActive(current), query.has("strategy")) : [heading(), start],
  );
}

function heading() {
  return h("div", { class: "stack tight" }, h("h2", {}, "Search for a judge that agrees better"), h("p", { class: "muted" }, "A strategy tries prompts on your labelled rows and keeps what agrees best with people. The winner is measured once, on rows that nothing was tuned on."));
}

function another(start, isRunning, isOpen) {
  return h("details", { class: "another", open: isOpen }, h("summary", {}, isRunning ? "Start another run beside it" : "Start another run"), start);
}
