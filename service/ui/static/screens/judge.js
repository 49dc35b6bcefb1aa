/* One named judge: which version is in use, what it says of a batch, how often traffic passes, whether its agreement
 * with people still holds. */

import { confirm } from "../kit/dialog.js";
import { fill, h } from "../kit/dom.js";
import { count, estimate, time } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { at, href } from "../kit/paths.js";
import { toast } from "../kit/toast.js";
import { driftBadge } from "../parts/drift.js";
import { loading, notice } from "../parts/notice.js";
import { batchPart } from "./judge/batch.js";
import { ratePart } from "./judge/rate.js";
import { versionsPart } from "./judge/versions.js";
import { watchPart } from "./judge/watch.js";

export async function show(root, context) {
  const { api, signal, params } = context;
  const path = at`/judges/${params.name}`;
  context.title(`Judge: ${params.name}`);
  fill(root, loading());
  let judge = await api.get(path, { signal });
  const runs = [];
  for await (const run of api.all("/runs", { signal })) if (run.status === "succeeded") runs.push(run);
  const head = h("div", { class: "stack tight" });
  const rate = ratePart(context, path);
  const watch = watchPart(context, path, { onSampled: refresh });
  const batch = batchPart(context, path, { onJudged: refresh });
  const versions = versionsPart(context, path, { runs, onChanged: refresh });

  async function refresh() {
    judge = await api.get(path, { signal });
    draw();
  }

  function draw() {
    fill(head, heading(judge));
    versions.show(judge);
    for (const part of [batch, rate, watch]) part.show(judge);
  }

  fill(root, head, h("div", { class: "with-aside even" }, h("div", { class: "stack" }, batch.element, versions.element), h("div", { class: "stack" }, rate.element, watch.element)), h("div", { class: "row" }, h("button", { type: "button", class: "button danger", on: { click: () => remove(context, path, judge) } }, icon("trash"), "Remove the judge")));
  draw();
}

function heading({ name, champion, versions, dataset_id: dataset, traffic, drift, created_at: made }) {
  const current = versions.find((one) => one.version === champion);
  return [
    h("nav", { class: "crumbs", "aria-label": "Where this is" }, h("a", { href: href("/judges") }, "Judges"), h("span", { "aria-current": "page" }, name)),
    h("div", { class: "row" }, h("h1", {}, name), driftBadge(drift)),
    h("p", { class: "muted small" }, `${count(traffic, "row")} of traffic kept. Made `, time(made), ".", dataset && [" Its labels are those of ", h("a", { href: href(at`/datasets/${dataset}`) }, "its dataset"), "."]),
    current ? h("p", {}, `Version ${champion} is in use.`, current.measured && ` Its agreement with people (kappa) was ${estimate(current.measured.kappa)} on ${count(current.measured.n, "row")} that it was not built from.`) : notice("info", "No version is in use yet", h("p", {}, "Promote one below. It judges batches from then on.")),
  ];
}

async function remove({ api, go, signal }, path, { name, versions, traffic }) {
  const sure = await confirm({ title: `Remove ${name}?`, text: `Its ${count(versions.length, "version")} and ${count(traffic, "row")} of traffic go with it. Rows that were drawn into a dataset stay there.`, action: "Remove", danger: true });
  if (!sure) return;
  try {
    await api.delete(path, { signal });
    toast(`${name} was removed.`);
    go("/judges");
  } catch (error) {
    if (!signal.aborted) toast(`It was not removed: ${error.message}`, { kind: "bad" });
  }
}
