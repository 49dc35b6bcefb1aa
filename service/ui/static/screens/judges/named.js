/* Judges that are kept under names: which version is in use, how well it agrees, whether that still holds.
 *
 *   const part = namedJudges(context, {judges, runs, names});  part -> section
 */

import { h } from "../../kit/dom.js";
import { count, estimate, time } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at, href } from "../../kit/paths.js";
import { driftBadge } from "../../parts/drift.js";
import { keepJudge } from "../../parts/keep-judge.js";
import { empty } from "../../parts/notice.js";

export function namedJudges(context, { judges, runs, names }) {
  const keep = async () => {
    const kept = await keepJudge(context, { runs });
    if (kept) context.go(at`/judges/${kept.name}`);
  };
  const button = h("button", { type: "button", class: "button primary", on: { click: keep } }, icon("plus"), "Keep a judge under a name");
  return h(
    "section",
    { class: "stack", "aria-labelledby": "named-title" },
    h("div", { class: "page-head" }, h("div", {}, h("h2", { id: "named-title" }, "In use"), h("p", { class: "muted" }, "A name keeps its versions. One of them is in use: it judges batches, and its traffic is watched.")), judges.length > 0 && button),
    judges.length ? h("ul", { class: "plain judges" }, judges.map((one) => item(one, names))) : h("div", { class: "card" }, empty({ icon: "flag", title: "No judge is kept under a name yet", text: "Under a name a judge can be put in use, judge what comes, and be watched for a fall of its agreement.", actions: runs.length ? [button] : [], level: 3 })),
  );
}

function item(judge, names) {
  const { name, champion, versions, dataset_id: dataset, measured, traffic, drift, created_at: made } = judge;
  return h(
    "li",
    { class: "card stack tight" },
    h("div", { class: "spread" }, h("h3", {}, h("a", { href: href(at`/judges/${name}`) }, name)), driftBadge(drift)),
    h("p", {}, champion ? `Version ${champion} of ${versions} is in use.` : `${count(versions, "version")}, none of them in use yet.`, measured && ` When it was kept, its agreement with people (kappa) was ${estimate(measured.kappa)}.`),
    h("p", { class: "small muted" }, `${count(traffic, "row")} of traffic kept. `, dataset && ["For ", h("a", { href: href(at`/datasets/${dataset}`) }, names.get(dataset) ?? dataset), ", "], "made ", time(made), "."),
  );
}
