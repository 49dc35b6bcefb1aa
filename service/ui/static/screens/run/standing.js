/* A run that has not succeeded: where it is, why, and what to do about it.
 *
 *   standing(context, run, onChange)  -> element; onChange(run) after an order
 */

import { isAbort } from "../../kit/api.js";
import { confirm } from "../../kit/dialog.js";
import { h } from "../../kit/dom.js";
import { count, duration, money, number, tokens } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at, href } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { notice } from "../../parts/notice.js";

const PHASES = { baseline: "Judging with the prompt to beat", search: "Searching", test: "Measuring on the test rows", finished: "Finished" };
const ADVICE = {
  spend_cap: "Everything that was answered is kept. Raise the cap and it goes on from here.",
  provider: "The model's provider was in trouble. Nothing was scored that was not answered; when the provider is back, resume and it goes on from here.",
  storage: "The service could not store its results for a while. When the disk or the database is well again, resume and it goes on from here.",
  by_hand: "Somebody paused it. Everything that was answered is kept.",
};
const CAPS = [
  ["max_calls", "Most calls", 1],
  ["max_tokens", "Most tokens", 1],
  ["max_cost_usd", "Most dollars", 0.01],
];

export function standing(context, run, onChange) {
  const give = giver(context, run, onChange);
  const shown = { queued: moving, running: moving, paused, failed, cancelled }[run.status];
  return shown(run, give);
}

/* Gives an order and shows what came of it; a refusal is told. */
function giver({ api, signal }, run, onChange) {
  return async (order, body, pressed) => {
    if (order === "cancel" && !(await sure())) return;
    if (pressed) pressed.disabled = true;
    try {
      onChange(await api.post(at`/runs/${run.id}/${order}`, body, { signal }));
    } catch (error) {
      if (!isAbort(error)) toast(error.message, { kind: "bad" });
    } finally {
      if (pressed) pressed.disabled = false;
    }
  };
}

function sure() {
  const text = "No new model call starts. What was answered is kept, and not paid again should you begin the run anew.";
  return confirm({ title: "Cancel this run?", text, action: "Cancel the run", danger: true });
}

function order(give, name, word, picture, kind = "") {
  return h("button", { type: "button", class: ["button", kind], on: { click: (event) => give(name, undefined, event.currentTarget) } }, icon(picture), word);
}

/* --- under way ---------------------------------------------------------------------------------------- */

function moving(run, give) {
  const { progress, status } = run;
  const stopping = run.cancel_requested ? "It is about to stop." : run.pause_requested ? "It is about to pause." : "";
  const bar = h("progress", { max: 1, value: progress?.total ? Math.min(1, progress.done / progress.total) : status === "queued" ? 0 : undefined, "aria-label": "Progress" });
  return h(
    "section",
    { class: "card stack" },
    h("p", { class: "lede" }, status === "queued" ? waiting(run) : doing(progress), stopping && ` ${stopping}`),
    bar,
    bestSoFar(run),
    spent(run),
    h(
      "div",
      { class: "row" },
      h("a", { class: "button", href: href(at`/datasets/${run.dataset_id}/optimize`, { run: run.id }) }, "Watch the search"),
      !run.pause_requested && order(give, "pause", "Pause", "pause"),
      !run.cancel_requested && order(give, "cancel", "Cancel", "stop", "danger"),
    ),
  );
}

function waiting({ waiting_for: ahead }) {
  return ahead ? ["It waits for another run to end: ", h("a", { href: href(at`/runs/${ahead}`) }, ahead), "."] : "It waits for a worker. If none comes, see whether one is running.";
}

function doing(progress) {
  if (!progress) return "It begins.";
  const left = typeof progress.time_left_s === "number" ? `, about ${duration(Math.max(1, Math.round(progress.time_left_s)))} left at most` : "";
  return `${PHASES[progress.phase] ?? progress.phase}: ${number(progress.done)} of ${count(progress.total, "judgement")}${left}.`;
}

function bestSoFar({ best, trials }) {
  if (!best) return trials ? h("p", {}, `${count(trials, "prompt")} tried.`) : null;
  return h("p", {}, `${count(trials, "prompt")} tried; the best so far agrees with people at ${number(best.kappa, 2)} (kappa) on the rows that serve for choosing.`);
}

function spent({ spend }) {
  if (!spend.calls) return h("p", { class: "muted small" }, "Nothing has been asked of the model yet.");
  const cost = spend.cost_usd === null ? "price not known" : money(spend.cost_usd);
  const parts = [`${count(spend.calls, "model call")}, ${number(spend.cached_calls)} of them from the ledger`, tokens(spend.prompt_tokens + spend.completion_tokens), cost, `${duration(spend.wall_s)} of work`];
  return h("p", { class: "muted small tabular" }, parts.join(" · "));
}

/* --- at rest ------------------------------------------------------------------------------------------ */

function paused(run, give) {
  const isCapped = run.pause_reason === "spend_cap";
  return h(
    "section",
    { class: "card stack" },
    notice("warn", null, cause(run), h("p", {}, ADVICE[run.pause_reason] ?? ADVICE.by_hand)),
    bestSoFar(run),
    spent(run),
    isCapped ? capForm(run, give) : h("div", { class: "row" }, order(give, "resume", "Resume", "play", "primary"), order(give, "cancel", "Cancel", "stop", "danger")),
  );
}

function capForm(run, give) {
  const had = Object.fromEntries(Object.entries(run.spend_cap ?? {}).filter(([, value]) => value !== null));
  const fields = CAPS.filter(([name]) => name in had).map(([name, word, step]) => ({ name, word, was: had[name], input: capInput(name, had[name], step) }));
  const submit = (event) => {
    event.preventDefault();
    give("resume", { spend_cap: Object.fromEntries(fields.map(({ name, input }) => [name, Number(input.value)])) }, event.submitter);
  };
  return h(
    "form",
    { class: "stack", on: { submit } },
    h("h2", {}, "Raise the cap"),
    h("div", { class: "row cap-fields" }, fields.map(({ word, was, input }) => h("label", { class: "field" }, h("span", { class: "label" }, word), input, h("span", { class: "hint" }, `was ${number(was, Number.isInteger(was) ? 0 : 2)}; counts from the run's start`)))),
    h("div", { class: "row" }, h("button", { type: "submit", class: "button primary" }, icon("play"), "Resume with this cap"), order(give, "cancel", "Cancel", "stop", "danger")),
  );
}

function capInput(name, was, step) {
  return h("input", { type: "number", name, min: step, step, required: true, value: String(2 * was) });
}

function failed(run, give) {
  return h(
    "section",
    { class: "card stack" },
    notice("bad", null, cause(run), h("p", {}, mending(run.cause ?? ""))),
    spent(run),
    h("div", { class: "row" }, order(give, "retry", "Try again", "undo", "primary"), again(run)),
  );
}

function mending(text) {
  if (/\b(401|403)\b|api key/i.test(text)) return "Set the right key where the service and its workers run (`concord doctor` says which), then try again.";
  if (/\b404\b|no such model|model/i.test(text) && /not found|404/i.test(text)) return "Start a run with a model that the provider has.";
  return "What was answered is kept and not paid again. Mend the cause, then try again.";
}

function cancelled(run, give) {
  return h(
    "section",
    { class: "card stack" },
    notice("info", null, h("p", {}, "It was cancelled. What was answered is kept and not paid again should you begin anew.")),
    bestSoFar(run),
    spent(run),
    h("div", { class: "row" }, order(give, "retry", "Begin anew", "undo", "primary"), again(run)),
  );
}

function again(run) {
  return h("a", { class: "button", href: href(at`/datasets/${run.dataset_id}/optimize`) }, "Start another run");
}

function cause({ cause: text }) {
  return text && h("p", { class: "text" }, text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : "."));
}
