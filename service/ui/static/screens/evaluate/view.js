/* One evaluation: how far it is, its alignment card, and its verdicts row by row. */

import { announce } from "../../kit/announce.js";
import { fill, h } from "../../kit/dom.js";
import { count, number, time } from "../../kit/format.js";
import { latest } from "../../kit/latest.js";
import { at, href } from "../../kit/paths.js";
import { follow, pause } from "../../kit/stream.js";
import { agreementCard } from "../../parts/agreement.js";
import { isMoving, jobPanel } from "../../parts/job.js";
import { notice, problem } from "../../parts/notice.js";
import { verdictList } from "./list.js";
import { judgeName } from "./names.js";
import { rowScope } from "./scope.js";

const LEAST_REST_MS = 400;

export async function showEvaluation({ dataset, body }, context) {
  const { api, signal, params } = context;
  const path = at`/evaluations/${params.evaluation}`;
  context.layout("wide");
  let evaluation = await api.get(path, { signal });
  const panel = jobPanel(context, { path, noun: "evaluation", state: evaluation, onChange: changed, atCap: h("p", {}, "To go on, evaluate the same judge with a higher limit: what was answered is not paid again.") });
  const card = agreementCard({ onCell: (cell) => list.filterBy({ cell }) });
  const trouble = h("div", {});
  const next = h("div", {});
  const scope = rowScope({ onChange: () => refreshAll() });
  const list = verdictList(context, { dataset, path, scope, onRelabelled: () => refreshCard(), onFilter: ({ cell }) => card.choose(cell ?? null) });
  let following = false;

  const agreement = () => api.get(`${path}/agreement`, { query: scope.query(), signal });
  const refreshCard = latest(async () => {
    try {
      let found = await agreement();
      if (scope.learn(found)) [found] = await Promise.all([agreement(), list.again()]);
      card.show(found, { isFinal: evaluation.status === "succeeded" });
      list.count(found);
      fill(trouble);
    } catch (error) {
      if (!signal.aborted) fill(trouble, problem(error, { retry: refreshCard }));
    }
  });

  /* Asks again whether there is a stream to follow: after a pause, a retry, or an order from elsewhere. */
  function changed(state) {
    const before = evaluation.status;
    evaluation = { ...evaluation, ...state };
    panel.show(evaluation);
    if (evaluation.status === "succeeded" && before !== "succeeded") announce("The evaluation is done.");
    fill(next, evaluation.status === "succeeded" && whatNext(dataset));
    if (isMoving(evaluation) && !following) watch();
  }

  async function watch() {
    following = true;
    let told = "";
    try {
      await follow(api, `${path}/events`, {
        signal,
        on(name, data) {
          if (name !== "progress") return;
          changed(data);
          const mark = `${data.status} ${data.progress?.done}`;
          if (mark !== told) refresh();
          told = mark;
        },
      });
    } catch (error) {
      if (!signal.aborted) fill(trouble, problem(error, { retry: watch }));
    } finally {
      following = false;
    }
  }

  const refreshAll = () => Promise.all([refreshCard(), list.again()]); // over other rows than before
  const refresh = latest(async () => {
    const began = performance.now();
    await Promise.all([refreshCard(), list.catchUp()]);
    await pause(Math.max(LEAST_REST_MS, performance.now() - began), signal); // batches may come faster than a card is reckoned
  });

  fill(body, header(dataset, evaluation), panel.element, trouble, scope.element, card.element, next, list.element);
  await Promise.all([refreshCard(), list.filterBy({})]);
  changed(evaluation);
  document.addEventListener("visibilitychange", () => document.hidden || refresh(), { signal }); // labels come from other tabs too
}

function header(dataset, evaluation) {
  const { model, rows, judge, created_at: created } = evaluation;
  return h(
    "div",
    { class: "page-head" },
    h(
      "div",
      {},
      h("h2", {}, judgeName(evaluation), h("span", { class: "muted" }, ` with ${model}`)),
      h("p", { class: "muted small" }, rows === "all" ? "All rows" : "Labelled rows", ", started ", time(created), model === "offline" && ". The offline model is a demonstration, not a language model."),
      judge?.instruction && h("details", { class: "small" }, h("summary", {}, "Its instruction"), h("p", { class: "text" }, judge.instruction)),
      judge?.run_id && h("p", { class: "small" }, h("a", { href: href(at`/runs/${judge.run_id}`) }, "The run that found it")),
    ),
    h("div", { class: "row" }, h("a", { class: "button", href: href(at`/datasets/${dataset.id}/evaluate`) }, "Evaluate another judge")),
  );
}

const OPTIMIZE_GATE = 50;

function whatNext({ id, labelled }) {
  if (labelled < OPTIMIZE_GATE) {
    return notice("info", "What next?", h("p", {}, `Look through the mismatches: where the judge is right, change the label; where it is wrong, the criterion may need a clearer word. With ${count(OPTIMIZE_GATE - labelled, "more label")} Concord can search for a better judge by itself. `, h("a", { href: href(at`/datasets/${id}/label`) }, "Label more rows")));
  }
  return notice("info", "What next?", h("p", {}, `Look through the mismatches, then let Concord search for a prompt that agrees better, on your ${number(labelled)} labels. `, h("a", { href: href(at`/datasets/${id}/optimize`) }, "Optimize this judge")));
}
