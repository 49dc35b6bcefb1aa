/* Where a job is, and the ways to steer it: the same for evaluations and runs.
 *
 *   const panel = jobPanel(context, {path: at`/runs/${id}`, noun: "run", state, onChange, atCap, leaveOut})
 *       panel.element; panel.show(state) after an event or an answer; `onChange(state)` after an order of the user's
 *       `atCap`: what stands where it is paused since it has reached its spend cap;
 *       `leaveOut(order, state)`: whether an order is not to be offered here
 *   isActive(state)    queued, running or paused: something may still happen
 *   stateBadge(state)  its status by icon and word, also what it is about to be
 *   isMoving(state)    queued or running: worth a stream
 */

import { announce } from "../kit/announce.js";
import { dialog } from "../kit/dialog.js";
import { fill, h } from "../kit/dom.js";
import { count, duration, money, number, tokens } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { toast } from "../kit/toast.js";
import { badge, statusBadge } from "./badge.js";
import { notice } from "./notice.js";

const MOVING = new Set(["queued", "running"]);
const ACTIVE = new Set([...MOVING, "paused"]);
const PHASES = {
  judging: "Judging rows",
  baseline: "Judging with the prompt to beat",
  search: "Searching",
  test: "Measuring on test rows",
  finished: "Finished",
};
const REASONS = {
  by_hand: "Somebody paused it; a worker is free for others meanwhile.",
  spend_cap: "It has reached its spend cap.",
  provider: "The model's provider is in trouble. Nothing was scored that was not answered.",
  storage: "The service could not store its results for a while.",
};

export function isMoving(state) {
  return MOVING.has(state.status);
}

export function isActive(state) {
  return ACTIVE.has(state.status);
}

export function jobPanel(context, { path, noun, state, onChange, atCap = null, leaveOut = () => false }) {
  const line = h("div", { class: "row job-line" });
  const bar = h("progress", { "aria-label": "Progress", max: 1 });
  const cause = h("div", {});
  const buttons = h("div", { class: "row job-controls" });
  const element = h("section", { class: "job", "aria-label": "Progress and controls" }, h("div", { class: "spread" }, line, buttons), bar, cause);
  let shown = "";

  function show(next) {
    const { status, progress } = next;
    fill(line, stateBadge(next), words(next), h("span", { class: "muted small tabular" }, spending(next.spend)));
    bar.hidden = !isActive(next);
    if (progress?.total) bar.value = Math.min(1, progress.done / progress.total);
    else if (status === "queued") bar.value = 0;
    else bar.removeAttribute("value");
    const orders = ordersOf(next).filter(({ order }) => !leaveOut(order, next));
    const key = orders.map(({ order }) => order).join();
    if (key !== shown) fill(buttons, orders.map(button)); // a button that is still right keeps its focus
    shown = key;
    fill(cause, why(next, atCap));
  }

  function button({ order, word, picture, kind = "" }) {
    return h("button", { type: "button", class: ["button", "small", kind], on: { click: (event) => give(order, event.currentTarget) } }, icon(picture), word);
  }

  async function give(order, pressed) {
    if (order === "cancel" && !(await sure(noun))) return;
    pressed.disabled = true;
    try {
      const next = await context.api.post(`${path}/${order}`, undefined, { signal: context.signal });
      show(next);
      announce(`${statusWord(next)}.`);
      onChange(next);
    } catch (error) {
      if (context.signal.aborted) return;
      toast(error.message, { kind: "bad" });
    } finally {
      pressed.disabled = false;
    }
  }

  show(state);
  return { element, show };
}

export function stateBadge(state) {
  if (state.cancel_requested && isActive(state)) return badge("warn", "stop", "Stopping");
  if (state.pause_requested && isMoving(state)) return badge("warn", "pause", "Pausing");
  return statusBadge(state.status);
}

function statusWord({ status, cancel_requested: stopping, pause_requested: pausing }) {
  if (stopping && ACTIVE.has(status)) return "Stopping";
  if (pausing && MOVING.has(status)) return "Pausing";
  return { queued: "Queued", running: "Running", paused: "Paused", cancelled: "Cancelled", failed: "Failed", succeeded: "Done" }[status];
}

function words({ status, progress, waiting_for: ahead }) {
  if (status === "queued") return h("span", { class: "muted" }, ahead ? `waits for run ${ahead}` : "waits for a worker");
  if (!progress || !ACTIVE.has(status)) return null;
  if (status === "running" && progress.phase === "judging" && progress.done === progress.total) return h("span", {}, "All rows are judged; reckoning what they come to");
  const left = status === "running" && progress.time_left_s !== null && `, about ${duration(Math.max(1, Math.round(progress.time_left_s)))} left`;
  const phase = PHASES[progress.phase] ?? progress.phase;
  return h("span", { class: "tabular" }, `${phase}: ${number(progress.done)} of ${number(progress.total)}`, left);
}

function spending({ calls, cached_calls: cached, prompt_tokens: asked, completion_tokens: answered, cost_usd: cost, wall_s: wall }) {
  if (!calls) return "";
  const parts = [
    `${count(calls, "model call")}${cached ? `, ${number(cached)} of them paid earlier` : ""}`,
    tokens(asked + answered),
    cost === null ? "price not known" : money(cost),
    wall > 0 && `${duration(wall)} of work`,
  ];
  return parts.filter(Boolean).join(" · ");
}

function why({ status, pause_reason: reason, cause }, atCap) {
  if (status === "failed") return notice("bad", "It failed", h("p", { class: "text" }, cause ?? "The worker's log says why."));
  if (status !== "paused") return null;
  const text = h("p", { class: "text" }, cause ?? REASONS[reason] ?? "Resume it to go on.");
  return notice("warn", "It is paused", text, reason === "spend_cap" && atCap);
}

function ordersOf({ status, cancel_requested: stopping, pause_requested: pausing }) {
  const orders = [];
  if (stopping && ACTIVE.has(status)) return orders;
  if (status === "paused") orders.push({ order: "resume", word: "Resume", picture: "play", kind: "primary" });
  if (MOVING.has(status) && !pausing) orders.push({ order: "pause", word: "Pause", picture: "pause" });
  if (ACTIVE.has(status)) orders.push({ order: "cancel", word: "Cancel", picture: "stop", kind: "danger" });
  if (status === "failed" || status === "cancelled") orders.push({ order: "retry", word: "Try again", picture: "undo" });
  return orders;
}

async function sure(noun) {
  const { closed, element } = dialog({
    title: `Cancel this ${noun}?`,
    content: h("p", {}, `No new model call starts. What was answered is kept, and not paid again should you start the ${noun} anew.`),
    actions: [
      { label: "Let it go on", value: false },
      { label: `Cancel the ${noun}`, value: true, kind: "danger" },
    ],
  });
  element.querySelector(".dialog-foot .button").focus(); // the harmless one
  return (await closed) === true;
}
