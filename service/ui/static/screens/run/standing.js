/* A run that has not succeeded: where it is, why, and what to do about it.
 *
 *   const part = standing(context, run, onChange)   part.element; part.show(run) while it keeps its status;
 *                                                   onChange(run) after an order
 */

import { isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count, number } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at, href } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { jobPanel } from "../../parts/job.js";

const ADVICE = {
  spend_cap: "Everything that was answered is kept. Raise the cap, and it goes on from here.",
  provider: "Nothing was scored that was not answered. When the provider is well again, resume: it goes on from here.",
  storage: "When the disk or the database is well again, resume: it goes on from here.",
  by_hand: "Everything that was answered is kept. Resume, and it goes on from here.",
};
const CAPS = [
  ["max_calls", "Most calls", 1],
  ["max_tokens", "Most tokens", 1],
  ["max_cost_usd", "Most dollars", 0.01],
];

export function standing(context, run, onChange) {
  const isCapped = ({ status, pause_reason: reason }) => status === "paused" && reason === "spend_cap";
  const leaveOut = (order, state) => order === "resume" && isCapped(state); // it would pause again at once
  const panel = jobPanel(context, { path: at`/runs/${run.id}`, noun: "run", state: run, onChange, leaveOut });
  const found = h("p", {});
  const element = h("section", { class: "card stack" }, panel.element, advice(run), found, isCapped(run) && capForm(context, run, onChange), h("div", { class: "row" }, elsewhere(run)));

  function show(next) {
    panel.show(next);
    fill(found, bestSoFar(next));
    found.hidden = !found.textContent;
  }

  show(run);
  return { element, show };
}

function bestSoFar({ best, trials }) {
  if (!trials) return "";
  const tried = `${count(trials, "prompt")} tried.`;
  return best ? `${tried} The best so far agrees with people at ${number(best.kappa, 2)} (kappa) on the rows that serve for choosing.` : tried;
}

function advice(run) {
  const text = {
    queued: run.waiting_for ? "" : "If it does not begin, no worker is running, or all are busy with other runs.",
    paused: ADVICE[run.pause_reason] ?? ADVICE.by_hand,
    failed: mending(run.cause ?? ""),
    cancelled: "What was answered is kept, and not paid again should you begin anew.",
  }[run.status];
  return text && h("p", {}, text);
}

function mending(cause) {
  if (/\b(401|403)\b|api key/i.test(cause)) return "Set the right key where the service and its workers run (the command concord doctor says which), then try again.";
  if (/\b404\b|no such model/i.test(cause)) return "Start a run with a model that the provider has.";
  return "What was answered is kept, and not paid again. Mend the cause, then try again.";
}

function elsewhere(run) {
  const to = (query, word) => h("a", { class: "button", href: href(at`/datasets/${run.dataset_id}/optimize`, query) }, word);
  const isOver = run.status === "failed" || run.status === "cancelled";
  return [(run.trials > 0 || !isOver) && to({ run: run.id }, "See the search"), isOver && to({}, "Start another run")];
}

/* --- a cap that was reached --------------------------------------------------------------------------- */

function capForm({ api, signal }, run, onChange) {
  const had = run.spend_cap ?? {};
  const fields = CAPS.filter(([name]) => typeof had[name] === "number").map(([name, word, step]) => ({ name, word, was: had[name], input: capInput(name, had[name], step) }));
  const submit = async (event) => {
    event.preventDefault();
    const pressed = event.submitter;
    pressed.disabled = true;
    try {
      const cap = Object.fromEntries(fields.map(({ name, input }) => [name, Number(input.value)]));
      onChange(await api.post(at`/runs/${run.id}/resume`, { spend_cap: cap }, { signal }));
    } catch (error) {
      if (!isAbort(error)) toast(error.message, { kind: "bad" });
    } finally {
      pressed.disabled = false;
    }
  };
  return h(
    "form",
    { class: "stack", on: { submit } },
    h("h2", {}, "Raise the cap"),
    h("div", { class: "row cap-fields" }, fields.map(capField)),
    h("div", { class: "row" }, h("button", { type: "submit", class: "button primary" }, icon("play"), "Resume with this cap")),
  );
}

function capField({ word, was, input }) {
  const hint = `was ${number(was, Number.isInteger(was) ? 0 : 2)}; counts from the run's start`;
  return h("label", { class: "field" }, h("span", { class: "label" }, word), input, h("span", { class: "hint" }, hint));
}

function capInput(name, was, step) {
  return h("input", { type: "number", name, min: step, step, required: true, value: String(2 * was) });
}
