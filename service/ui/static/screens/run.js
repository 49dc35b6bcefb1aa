/* One run: what came out in a plain sentence, what to do now, and what that rests on. A run that has not
 * succeeded says where it is, or why it stopped and what mends it. */

import { announce } from "../kit/announce.js";
import { isAbort } from "../kit/api.js";
import { copy, copyButton } from "../kit/copy.js";
import { confirm } from "../kit/dialog.js";
import { fill, h } from "../kit/dom.js";
import { count, number, sentence, time } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { at, href } from "../kit/paths.js";
import { follow } from "../kit/stream.js";
import { toast } from "../kit/toast.js";
import { badge } from "../parts/badge.js";
import { isMoving } from "../parts/job.js";
import { loading, notice } from "../parts/notice.js";
import { changeBars, runName } from "../parts/runs.js";
import { agreements, inPractice, spending } from "./run/evidence.js";
import { exportsCard } from "./run/exports.js";
import { judgeSection } from "./run/judge.js";
import { standing } from "./run/standing.js";
import { tryIt } from "./run/trying.js";
import { headline, isSame, nextSteps } from "./run/words.js";

const TITLES = { queued: "Waiting to start", running: "Running", paused: "Paused", failed: "Failed", cancelled: "Cancelled" };

export async function show(root, context) {
  fill(root, loading());
  const { api, signal, params } = context;
  const run = await api.get(at`/runs/${params.id}`, { signal });
  const dataset = await api.get(at`/datasets/${run.dataset_id}`, { signal });
  if (run.status === "succeeded") await report(root, context, run, dataset);
  else underway(root, context, run, dataset);
}

function head(run, dataset, title) {
  return h(
    "div",
    { class: "stack tight" },
    h(
      "nav",
      { "aria-label": "Where this run is", class: "crumbs" },
      h("a", { href: href(at`/datasets/${dataset.id}`) }, dataset.name),
      h("a", { href: href("/runs", { dataset: dataset.id }) }, "Runs"),
      h("span", { "aria-current": "page" }, runName(run)),
    ),
    title,
  );
}

/* --- not done, or stopped ----------------------------------------------------------------------------- */

function underway(root, context, run, dataset) {
  const title = h("h1", {}, TITLES[run.status]);
    const stop = new AbortController(); // what belongs to this status ends with it
  context.signal.addEventListener("abort", () => stop.abort());
  const draw = (next) => (next.status === run.status ? part.show(next) : again(next));
  const part = standing(context, run, draw);
  const again = (next) => {
    stop.abort();
    announce(`The run is ${next.status}`);
    show(root, context).catch((error) => isAbort(error) || toast(error.message, { kind: "bad" }));
  };
  context.title(`${TITLES[run.status]}: ${dataset.name}`);
  fill(root, head(run, dataset, title), h("div", { class: "report" }, h("div", { class: "report-main" }, part.element), h("aside", { class: "report-aside" }, aboutRun(run, dataset))));
  if (isMoving(run)) watch(context.api, run, draw, stop.signal);
}

async function watch(api, run, draw, signal) {
  const path = at`/runs/${run.id}`;
  let latest = run;
  const on = async (name, data) => {
    if (name === "progress") draw((latest = { ...latest, ...data }));
    if (name === "trial") latest = { ...latest, ...(await api.get(path, { signal })) };
  };
  const told = (name, data) => on(name, data).catch((error) => isAbort(error) || toast(error.message, { kind: "bad" }));
  try {
    await follow(api, at`/runs/${run.id}/events`, { on: told, signal });
  } catch (error) {
    if (!isAbort(error)) toast(error.message, { kind: "bad" });
  }
}

/* --- the report --------------------------------------------------------------------------------------- */

async function report(root, context, run, dataset) {
  const { api, signal, keys } = context;
  const path = at`/runs/${run.id}`;
  const ask = (rest, query) => api.get(`${path}${rest}`, { query, signal });
  const [found, artifact, trials, formats] = await Promise.all([ask("/report"), ask("/best"), ask("/trials", { limit: 1 }), api.get("/formats", { signal })]);
  const getText = () => api.text(`${path}/best`, { query: { format: "text" }, signal });
  const baseline = trials.items.find((trial) => trial.number === 0 && trial.origin === "baseline") ?? null;
  const trying = tryIt(context, run);
  const { title, ...rest } = headline(found);
  context.title(`${title}: ${dataset.name}`);
  fill(
    root,
    head(run, dataset, conclusion({ title, ...rest }, found, actions(context, run, { getText, trying, report: found }))),
    h(
      "div",
      { class: "report" },
      h("div", { class: "report-main" }, warnings(found), agreements(found), inPractice(found), judgeSection({ artifact, baseline }, getText), trying.element),
      h("aside", { class: "report-aside" }, exportsCard(context, run, formats), aboutRun(run, dataset, found)),
    ),
  );
  keys.bind(
    [
      { key: "c", label: "Copy the best prompt", run: async () => toast((await copy(await getText())) ? "The prompt is copied" : "The browser does not allow copying: select the text", { kind: "good" }) },
      { key: "t", label: "Try the judge", run: () => trying.focus() },
    ],
    { signal, group: "This run" },
  );
}

function conclusion({ kind, icon: picture, title, said, sureness }, found, next) {
  return h(
    "section",
    { class: "card conclusion", data: { kind }, "aria-label": "Conclusion" },
    h(
      "div",
      { class: "conclusion-said" },
      h("div", { class: "row" }, h("h1", {}, icon(picture), title), provenance(found.provenance)),
      h("p", { class: "conclusion-sentence" }, said),
      sureness && h("p", {}, sureness),
    ),
    figure(found.test),
    next,
  );
}

/* The two numbers of the sentence, for the eye. */
function figure({ baseline, best }) {
  if (typeof baseline?.kappa.value !== "number" || typeof best?.kappa.value !== "number" || isSame(baseline, best)) return null;
  const one = (found, word) => h("div", { class: "figure-one" }, h("span", { class: "figure-number" }, number(found.value, 2)), h("span", { class: "muted small" }, word));
  return h("div", { class: "conclusion-figure", "aria-hidden": "true" }, h("div", { class: "figure-pair" }, one(baseline.kappa, "kappa before"), h("span", { class: "figure-arrow" }, "→"), one(best.kappa, "kappa after")), changeBars(baseline.kappa, best.kappa));
}

function provenance(from) {
  if (from === "model") return null;
  return badge("info", "info", from === "simulated" ? "Simulated" : "Demonstration, not a language model");
}

function actions(context, run, { getText, trying, report: found }) {
  const { advice, steps } = nextSteps(found);
  const to = (path, word) => h("a", { class: "button", href: href(path) }, word);
  const made = {
    copy: () => copyButton(getText, "Copy the prompt"),
    try: () => h("button", { type: "button", class: "button", on: { click: trying.focus } }, "Try it on a text"),
    "judge-all": () => h("button", { type: "button", class: "button", on: { click: (event) => judgeAll(context, run, event.currentTarget) } }, "See where it disagrees"),
    label: () => to(at`/datasets/${run.dataset_id}/label`, "Label more rows"),
    optimize: () => to(at`/datasets/${run.dataset_id}/optimize`, "Start another run"),
  };
  const buttons = steps.map((step) => made[step]());
  buttons[0].classList.add("primary");
  return h("div", { class: "conclusion-next stack tight" }, h("h2", {}, "What to do now"), h("p", {}, advice), h("div", { class: "row" }, buttons));
}

/* An evaluation with this run's judge shows each row beside the judge's reason. */
async function judgeAll({ api, signal, go }, run, pressed) {
  const text = `The judge is asked about every labelled row of the dataset, and you see each row on which it disagrees with people. That takes one call of ${run.model} a row; answers that it has given before cost nothing.`;
  if (!(await confirm({ title: "Judge all labelled rows?", text, action: "Judge them" }))) return;
  pressed.disabled = true;
  try {
    const made = await api.post("/evaluations", { dataset_id: run.dataset_id, judge: { run_id: run.id } }, { signal });
    go(at`/datasets/${run.dataset_id}/evaluate/${made.id}`);
  } catch (error) {
    pressed.disabled = false;
    if (!isAbort(error)) toast(error.message, { kind: "bad" });
  }
}

function warnings({ warnings: found }) {
  if (!found.length) return null;
  const list = found.length > 1 ? h("ul", {}, found.map((text) => h("li", {}, sentence(text)))) : h("p", {}, sentence(found[0]));
  return notice("warn", "Keep in mind", list);
}

/* --- how it was run ----------------------------------------------------------------------------------- */

function aboutRun(run, dataset, found = null) {
  const facts = [
    ["Dataset", h("a", { href: href(at`/datasets/${dataset.id}`) }, dataset.name)],
    ["Strategy", run.strategy],
    ["Model", run.model],
    run.proposer_model !== run.model && ["Proposer", run.proposer_model],
    ["Prompts tried", found ? h("a", { href: href(at`/datasets/${dataset.id}/optimize`, { run: run.id }) }, number(run.trials)) : number(run.trials)],
    ["Seed", String(run.seed)],
    ["Budget", limits(run.budget)],
    run.spend_cap && ["Spend cap", limits(run.spend_cap)],
    run.earlier_runs.length > 0 && ["Starts from", run.earlier_runs.map((id, i) => [i > 0 && ", ", h("a", { href: href(at`/runs/${id}`) }, id)])],
    ["Begun", run.started_at ? time(run.started_at) : "not yet"],
    ...(found ? spending(found.spend) : []),
    ["Id", h("code", {}, run.id)],
    run.artifact_digest && ["Judge's digest", h("code", { title: run.artifact_digest }, run.artifact_digest.slice(0, 16))],
  ].filter(Boolean);
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "about-run" },
    h("h2", { id: "about-run" }, "How it was run"),
    h("dl", { class: "facts small" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", { class: "tabular" }, value)])),
    found && h("a", { class: "button small", href: href("/runs", { dataset: dataset.id, a: run.id }) }, "Compare with another run"),
  );
}

function limits(budget) {
  const parts = [budget.max_calls && count(budget.max_calls, "call"), budget.max_tokens && count(budget.max_tokens, "token"), budget.max_cost_usd && `$${number(budget.max_cost_usd, 2)}`].filter(Boolean);
  return parts.length ? parts.join(", ") : "none";
}

