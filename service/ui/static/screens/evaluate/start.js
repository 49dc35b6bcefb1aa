/* Before an evaluation: what it needs, which judge, and the earlier ones. */

import { fill, h } from "../../kit/dom.js";
import { count, estimate, number, time } from "../../kit/format.js";
import { at, href } from "../../kit/paths.js";
import { statusBadge } from "../../parts/badge.js";
import { empty, notice } from "../../parts/notice.js";
import { startForm } from "./form.js";
import { judgeName } from "./names.js";

const GATE = 20;
const EARLIER = 25;

export async function showStart({ dataset, body }, context) {
  const { api, signal } = context;
  const about = { query: { dataset_id: dataset.id, limit: 100 }, signal };
  const [models, runs, evaluations] = await Promise.all([
    api.get("/models", { signal }),
    api.get("/runs", about),
    api.get("/evaluations", { query: { dataset_id: dataset.id, limit: EARLIER }, signal }),
  ]);
  const form = startForm(context, { dataset, models, runs: runs.items.filter((run) => run.status === "succeeded"), force: dataset.labelled < GATE });
  fill(
    body,
    h("div", { class: "stack tight" }, h("h2", {}, "How far does a judge agree with people?"), h("p", { class: "muted" }, "A judge decides each labelled row without seeing the label. Then its verdicts are compared with the labels.")),
    h("div", { class: "with-aside" }, dataset.labelled < GATE ? gate(dataset, form) : form, earlier(dataset, evaluations.items)),
  );
}

function gate(dataset, form) {
  const { labelled, id } = dataset;
  const missing = GATE - labelled;
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "gate-title" },
    h("h3", { id: "gate-title" }, `${count(missing, "more label")} to go`),
    h("progress", { max: GATE, value: labelled, "aria-label": `${labelled} of ${GATE} labels` }),
    h("p", {}, `An evaluation needs ${GATE} labelled rows, and ${labelled === 1 ? "one is" : `${number(labelled)} are`} here. With fewer, chance decides what comes out: the interval around the agreement would span almost everything.`),
    h("div", { class: "row" }, h("a", { class: "button primary", href: href(at`/datasets/${id}/label`) }, `Label ${count(missing, "more row")}`)),
    h("details", {}, h("summary", {}, "Evaluate all the same"), h("div", { class: "stack" }, notice("warn", null, h("p", {}, "You will see verdicts and reasons, which can help to find out what you mean. Do not rely on the numbers.")), form)),
  );
}

function earlier({ id }, items) {
  return h(
    "section",
    { class: "stack", "aria-labelledby": "earlier-title" },
    h("h3", { id: "earlier-title" }, "Earlier evaluations"),
    items.length ? h("ul", { class: "plain stack tight" }, items.map((one) => entry(id, one))) : empty({ icon: "search", title: "None so far", text: "The first one shows where the judge and people part ways, which is where the criterion can be made clearer." }),
  );
}

function entry(id, evaluation) {
  const { agreement, status, model, judged, created_at: at_ } = evaluation;
  const rows = `${count(agreement?.n ?? judged, "row")}${agreement ? " with labels" : " judged"}`;
  return h(
    "li",
    { class: "card entry" },
    h("a", { href: href(at`/datasets/${id}/evaluate/${evaluation.id}`) }, judgeName(evaluation), h("span", { class: "muted" }, ` with ${model}`)),
    h("div", { class: "spread" }, agreement ? h("span", { class: "tabular" }, "kappa ", h("strong", {}, estimate(agreement.kappa))) : statusBadge(status), h("span", { class: "muted small" }, rows, ", ", time(at_))),
  );
}
