/* What several screens show of a run in a line.
 *
 *   outcome(run)      what came of it: conclusion with kappa before and after, or where it is
 *   runName(run)      "bootstrap_fewshot, 28 Nov 2026, 12:26"
 *   changeBars(before, after)  two kappas with their intervals as a small picture, hidden from screen readers
 *   datasetNames(api, signal) -> Promise of a Map from id to name, of all datasets
 */

import { linear } from "../kit/chart.js";
import { h, s } from "../kit/dom.js";
import { date, duration, estimate, number } from "../kit/format.js";
import { conclusionBadge } from "./badge.js";
import { stateBadge } from "./job.js";

export function runName(run) {
  return `${run.strategy}, ${date(run.created_at)}`;
}

export async function datasetNames(api, signal) {
  const names = new Map();
  for await (const dataset of api.all("/datasets", { signal })) names.set(dataset.id, dataset.name);
  return names;
}

export function outcome(run) {
  if (run.status !== "succeeded") return h("div", { class: "outcome" }, stateBadge(run), underway(run));
  return h("div", { class: "outcome" }, conclusionBadge(run.conclusion), run.test ? change(run.test) : onDev(run));
}

function underway(run) {
  const { status, progress, best } = run;
  if (status === "running" && progress?.total) {
    const left = typeof progress.time_left_s === "number" ? `, about ${duration(Math.max(1, Math.round(progress.time_left_s)))} left` : "";
    const share = Math.min(1, progress.done / progress.total);
    return [h("progress", { max: 1, value: share, "aria-label": "Progress" }), h("span", { class: "muted small tabular" }, `${number(progress.done)} of ${number(progress.total)}${left}`)];
  }
  if (run.cause) return h("span", { class: "muted small clip" }, run.cause);
  return best && h("span", { class: "muted small tabular" }, `best so far ${number(best.kappa, 2)} while choosing`);
}

function onDev({ best }) {
  return h("span", { class: "muted small" }, best ? `${number(best.kappa, 2)} where it was chosen; no test rows` : "no test rows");
}

function change({ baseline, best }) {
  return [
    h(
      "span",
      { class: "change tabular" },
      h("span", { class: "visually-hidden" }, "Agreement (kappa) "),
      number(baseline.value, 2),
      h("span", { "aria-hidden": "true" }, " → "),
      h("span", { class: "visually-hidden" }, " before, "),
      h("strong", {}, number(best.value, 2)),
      h("span", { class: "muted" }, range(best)),
      h("span", { class: "visually-hidden" }, " after"),
    ),
    changeBars(baseline, best),
  ];
}

function range(found) {
  return typeof found.low === "number" ? ` ${estimate(found).slice(number(found.value, 2).length + 1)}` : "";
}

/* Both intervals on one axis from below 0 to 1, hidden from screen readers: the numbers stand beside it. */
export function changeBars(baseline, best) {
  const to = linear([-0.2, 1], [3, 97]);
  const at = (value) => `${to(Math.max(-0.2, Math.min(1, value)))}%`;
  const one = ({ value, low, high }, y, kind) => [
    typeof low === "number" && s("line", { class: `span ${kind}`, x1: at(low), x2: at(high), y1: y, y2: y }),
    typeof value === "number" && s("circle", { class: `value ${kind}`, cx: at(value), cy: y, r: 3.5 }),
  ];
  return s(
    "svg",
    { class: "bars", height: 20, "aria-hidden": "true" },
    s("line", { class: "zero", x1: at(0), x2: at(0), y1: 0, y2: 20 }),
    s("line", { class: "grid", x1: at(1), x2: at(1), y1: 0, y2: 20 }),
    one(baseline, 6, "before"),
    one(best, 14, "after"),
  );
}
