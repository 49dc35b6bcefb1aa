/* A run as it goes: how far it is, its trials as dots and as a table, the candidate that one looks at, and what next. */

import { announce } from "../../kit/announce.js";
import { fill, h } from "../../kit/dom.js";
import { count, number, time } from "../../kit/format.js";
import { latest } from "../../kit/latest.js";
import { at, href } from "../../kit/paths.js";
import { follow } from "../../kit/stream.js";
import { conclusionBadge } from "../../parts/badge.js";
import { isActive, isMoving, jobPanel } from "../../parts/job.js";
import { notice, problem } from "../../parts/notice.js";
import { tail } from "../../parts/tail.js";
import { candidatePanel } from "./candidate.js";
import { trialChart } from "./chart.js";
import { trialTable } from "./table.js";

const PAGE = 50;

export async function runView(context, first) {
  const { api, signal } = context;
  const path = at`/runs/${first.id}`;
  let run = first;
  let chosen = null; // by the user; else the best so far is looked at
  let following = false;
  const list = tail(api, `${path}/trials`, { limit: PAGE, key: (trial) => trial.number, signal });
  const panel = jobPanel(context, { path, noun: "run", state: run, onChange: changed, atCap: h("p", {}, h("a", { href: href(at`/runs/${run.id}`) }, "Raise its cap on its own page"), " to go on.") });
  const chart = trialChart({ onChoose: choose });
  const table = trialTable({ onChoose: choose });
  const candidate = candidatePanel({ onChoose: choose });
  const trouble = h("div", {});
  const end = h("div", {});
  const lead = h("p", { class: "tabular" });

  const readTrials = latest(async () => {
    try {
      const before = list.items.length;
      do await list.read();
      while (!list.isWhole);
      fill(trouble);
      if (list.items.length !== before || !before) draw();
    } catch (error) {
      if (!signal.aborted) fill(trouble, problem(error, { retry: readTrials }));
    }
  });

  function draw() {
    const trials = list.items;
    const best = bestOf(trials);
    const looked = chosen ?? best?.number ?? trials.at(-1)?.number ?? null;
    const state = { trials, best, chosen: looked, run };
    lead.textContent = summary(trials, best);
    chart.show(state);
    table.show(state);
    candidate.show(state);
  }

  function choose(number_) {
    chosen = number_;
    draw();
  }

  function changed(state) {
    const before = run.status;
    run = { ...run, ...state };
    panel.show(run);
    chart.progress(run, list.items, bestOf(list.items));
    if (!isActive(run) && before !== run.status) finish();
    if (isMoving(run) && !following) watch();
  }

  async function finish() {
    try {
      run = await api.get(path, { signal });
    } catch {
      return; // the next visit tells it
    }
    await readTrials();
    fill(end, outcome(run));
    announce(run.status === "succeeded" ? `The run is done: ${run.conclusion}.` : `The run has ${run.status}.`);
  }

  async function watch() {
    following = true;
    try {
      await follow(api, `${path}/events`, {
        signal,
        on(name, data) {
          if (name === "progress") changed(data);
          if (name === "trial") readTrials();
        },
      });
    } catch (error) {
      if (!signal.aborted) fill(trouble, problem(error, { retry: watch }));
    } finally {
      following = false;
    }
  }

  await readTrials();
  fill(end, !isActive(run) && outcome(run));
  draw();
  changed(run);
  return h(
    "section",
    { class: "stack", "aria-labelledby": "run-title" },
    head(run),
    panel.element,
    end,
    trouble,
    h(
      "div",
      { class: "with-aside even" },
      h("div", { class: "stack" }, h("div", { class: "card stack tight" }, h("h3", {}, "Trials"), lead, chart.element), table.element),
      candidate.element,
    ),
  );
}

function head({ id, strategy, model, created_at: created, earlier_runs: earlier, budget }) {
  const limits = [budget?.max_calls && `at most ${count(budget.max_calls, "call")}`, budget?.max_cost_usd && `at most $${number(budget.max_cost_usd, 2)}`].filter(Boolean);
  return h(
    "div",
    { class: "page-head" },
    h(
      "div",
      {},
      h("h2", { id: "run-title" }, strategy, h("span", { class: "muted" }, ` with ${model}`)),
      h("p", { class: "muted small" }, ["Started ", time(created), limits.length > 0 && `, ${limits.join(", ")}`, earlier?.length > 0 && `, from what ${count(earlier.length, "earlier run")} found`, "."], model === "offline" && " The offline model is a demonstration, not a language model."),
    ),
    h("a", { class: "button", href: href(at`/runs/${id}`) }, "Open the run"),
  );
}

export function bestOf(trials) {
  return trials.reduce((best, trial) => (trial.complete && trial.kappa !== null && (best === null || trial.kappa > best.kappa) ? trial : best), null);
}

function summary(trials, best) {
  if (!trials.length) return "The first candidate is being judged.";
  const first = trials.find((trial) => trial.is_baseline) ?? trials[0];
  if (!best || best === first) return `${count(trials.length, "trial")}. So far none agrees better than the prompt to beat (kappa ${number(first.kappa, 2)}).`;
  return `${count(trials.length, "trial")}. The best so far agrees with people by kappa ${number(best.kappa, 2)}, the prompt to beat by ${number(first.kappa, 2)}, on the rows that choose. Having been chosen, it will look better here than on the test rows.`;
}

const SENTENCES = {
  improved: ["good", "It found a better judge"],
  "not shown": ["info", "No improvement is shown"],
  worse: ["warn", "The winner is worse on the test rows"],
  "not measured": ["info", "The winner was not measured"],
};

function outcome({ id, dataset_id: dataset, status, conclusion, recommended, test_kappa: kappa, cause }) {
  const page = h("a", { class: "button primary", href: href(at`/runs/${id}`) }, "Read the report");
  if (status === "failed") return null; // the panel above says why
  if (status === "cancelled") return notice("info", "The run was cancelled", h("p", {}, cause ?? "Its trials are kept. Try it again, or start another one: what was answered is not paid again."));
  const [kind, title] = SENTENCES[conclusion] ?? ["info", "The run is done"];
  const measured = kappa === null ? "" : `On the test rows, which nothing was tuned on, the winner's kappa is ${number(kappa, 2)}. `;
  const advice = recommended === "best" ? "The report has the prompt to copy, with its evidence." : "Stay with the prompt that you have. More labels, or a further search, may show more.";
  return notice(kind, title, h("p", {}, conclusionBadge(conclusion), " ", measured, advice), h("div", { class: "row" }, page, h("a", { class: "button", href: href(at`/datasets/${dataset}/evaluate`, { run: id }) }, "Evaluate its judge row by row")));
}
