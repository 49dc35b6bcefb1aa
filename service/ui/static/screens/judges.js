/* Judges under names; below them the best judge of each dataset: that of a measured improvement first, then the one
 * with the highest kappa. */

import { copyButton } from "../kit/copy.js";
import { fill, h } from "../kit/dom.js";
import { estimate, number, time } from "../kit/format.js";
import { at, href } from "../kit/paths.js";
import { badge, conclusionBadge } from "../parts/badge.js";
import { keepJudge } from "../parts/keep-judge.js";
import { empty, loading } from "../parts/notice.js";
import { datasetNames } from "../parts/runs.js";
import { namedJudges } from "./judges/named.js";

export async function show(root, context) {
  const { api, signal } = context;
  context.title("Judges");
  fill(root, h("h1", {}, "Judges"), loading());
  const [names, runs, judges] = await Promise.all([datasetNames(api, signal), succeeded(api, signal), named(api, signal)]);
  const best = bestRuns(runs);
  if (!judges.length && !best.length) return void fill(root, h("h1", {}, "Judges"), nothing());
  const intro = h("div", { class: "stack tight" }, h("h2", {}, "Found by runs"), h("p", { class: "muted" }, "The best judge that runs have found for each dataset."));
  fill(root, h("h1", {}, "Judges"), namedJudges(context, { judges, runs, names }), best.length > 0 && intro, best.length > 0 && h("ul", { class: "plain judges" }, best.map((run) => judge(context, run, names))));
}

async function succeeded(api, signal) {
  const runs = [];
  for await (const run of api.all("/runs", { signal })) if (run.status === "succeeded") runs.push(run);
  return runs;
}

async function named(api, signal) {
  const judges = [];
  for await (const one of api.all("/judges", { signal })) judges.push(one);
  return judges;
}

/* By dataset, as the API chooses: recommended ones first, then by kappa on test or else on dev, then the older. */
function bestRuns(runs) {
  const best = new Map();
  for (const run of runs) {
    const had = best.get(run.dataset_id);
    if (!had || isBetter(run, had)) best.set(run.dataset_id, run);
  }
  return [...best.values()];
}

function isBetter(run, had) {
  const rank = ({ recommended, test_kappa: test, best }) => [recommended === "best" ? 1 : 0, test ?? best?.kappa ?? -1];
  const [ours, theirs] = [rank(run), rank(had)];
  if (ours[0] !== theirs[0]) return ours[0] > theirs[0];
  return ours[1] >= theirs[1]; // the list begins with the newest, and a tie goes to the older
}

function judge(context, run, names) {
  const { api, signal } = context;
  const path = at`/datasets/${run.dataset_id}/best`;
  const getText = () => api.text(path, { query: { format: "text" }, signal });
  const keep = async () => {
    const kept = await keepJudge(context, { runs: [run] });
    if (kept) context.go(at`/judges/${kept.name}`);
  };
  return h(
    "li",
    { class: "card stack" },
    h("div", { class: "spread" }, h("h3", {}, h("a", { href: href(at`/datasets/${run.dataset_id}`) }, names.get(run.dataset_id) ?? run.dataset_id)), h("div", { class: "row" }, conclusionBadge(run.conclusion), run.model === "offline" && badge("info", "info", "Demonstration"))),
    h("p", {}, worth(run)),
    h("p", { class: "muted small" }, `Found by ${run.strategy} with ${run.model}, `, time(run.ended_at ?? run.created_at), "."),
    h("div", { class: "row" }, h("a", { class: "button primary", href: href(at`/runs/${run.id}`) }, "See its report"), copyButton(getText, "Copy the prompt"), h("button", { type: "button", class: "button", on: { click: keep } }, "Keep under a name")),
  );
}

function worth({ recommended, test, best }) {
  if (!test) return `It was not measured on test rows. Where it was chosen, its agreement with people is ${number(best?.kappa, 2)}.`;
  const found = `On ${number(test.best.n)} test rows its agreement with people (kappa) is ${estimate(test.best)}; the prompt that it started from has ${number(test.baseline.value, 2)}.`;
  return recommended === "best" ? found : `${found} That is not shown to be better: keep the prompt you started from until it is.`;
}

function nothing() {
  const action = h("a", { class: "button primary", href: href("/datasets") }, "To the datasets");
  return empty({ icon: "sparkle", title: "No judge yet", text: "A run on a labelled dataset finds one: open a dataset and choose Optimize.", actions: [action] });
}
