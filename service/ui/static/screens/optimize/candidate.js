/* The candidate of one trial: its instruction, and what changed against the one that it was made from.
 *
 *   const panel = candidatePanel({onChoose});  panel.element; panel.show({trials, best, chosen})
 */

import { copyButton } from "../../kit/copy.js";
import { showDiff } from "../../kit/diff.js";
import { fill, h } from "../../kit/dom.js";
import { estimate, money, number, percent } from "../../kit/format.js";
import { moveWords } from "./words.js";

const NO_WORDS = "No instruction beside the criterion.";
const VIEWS = [
  ["changes", "Changes"],
  ["instruction", "Instruction"],
  ["prompt", "Prompt"],
];

export function candidatePanel({ onChoose }) {
  let view = "changes";
  let state = { trials: [], best: null, chosen: null };
  let drawn = "";
  const head = h("div", { class: "stack tight" });
  const inputs = VIEWS.map(([name, word]) => h("label", {}, h("input", { type: "radio", name: "candidate-view", value: name, checked: name === view, on: { change: () => ((view = name), draw()) } }), word));
  const content = h("div", { class: "stack tight" });
  const element = h("section", { class: "card stack sticky candidate", "aria-label": "The candidate", hidden: true }, head, h("div", {}, h("div", { class: "segments", role: "radiogroup", "aria-label": "What to show" }, inputs)), content);

  function show(next) {
    state = next;
    draw();
  }

  function draw() {
    const { trials, chosen, best } = state;
    const trial = trials.find((one) => one.number === chosen);
    element.hidden = !trial;
    const mark = `${chosen} ${view} ${best?.number}`;
    if (!trial || mark === drawn) return; // a trial never changes: a selection in its text stays
    drawn = mark;
    const parent = parentOf(trial, trials);
    fill(head, h("h3", {}, `Trial ${number(trial.number)}`, h("span", { class: "muted" }, `, ${lower(moveWords(trial))}`)), facts(trial));
    if (view === "prompt") fill(content, copyRow(trial.prompt, "Copy the prompt"), textArea(trial.prompt, "Whole prompt"));
    else if (view === "instruction") fill(content, copyRow(trial.instruction, "Copy the instruction"), textArea(trial.instruction || NO_WORDS, "Instruction"));
    else fill(content, changes(trial, parent, onChoose));
  }
  return { element, show };
}

function parentOf(trial, trials) {
  if (trial.is_baseline) return null;
  const named = trials.find((one) => one.number === trial.parent || (one.candidate_id === trial.parent_id && one.number < trial.number));
  return named ?? trials.find((one) => one.is_baseline) ?? null;
}

function facts(trial) {
  const found = trial.dev ?? {};
  const rows = trial.complete ? `on all ${number(trial.rows)} rows that choose` : `on the first ${number(trial.rows)} rows, then dropped`;
  return h(
    "dl",
    { class: "facts small" },
    h("dt", {}, "Agreement"),
    h("dd", { class: "tabular" }, `kappa ${estimate(found.kappa ?? { value: trial.kappa })} ${rows}`),
    h("dt", {}, "Bad caught, good failed"),
    h("dd", { class: "tabular" }, `${percent(found.coverage ?? found.recall)}, ${percent(found.false_failure_rate)}`),
    typeof trial.cost_usd === "number" && trial.cost_usd > 0 && [h("dt", {}, "Cost"), h("dd", { class: "tabular" }, money(trial.cost_usd))],
  );
}

function changes(trial, parent, onChoose) {
  if (!parent) return [h("p", { class: "muted" }, trial.is_baseline ? "This is the prompt to beat: nothing was changed." : "It was made from no other."), settings(trial, trial), textArea(trial.instruction || NO_WORDS, "Instruction")];
  const from = h("button", { type: "button", class: "button quiet small", on: { click: () => onChoose(parent.number) } }, parent.is_baseline ? "the prompt to beat" : `trial ${number(parent.number)}`);
  const same = trial.instruction === parent.instruction;
  const others = same && trial.demonstrations === parent.demonstrations && trial.demonstrations > 0 && trial.prompt !== parent.prompt;
  return [
    h("p", { class: "row muted" }, "Against", from),
    settings(trial, parent),
    others && h("p", {}, "Other solved examples are shown; the prompt has them."),
    same ? [h("p", { class: "muted" }, "The instruction is the same:"), textArea(trial.instruction || NO_WORDS, "Instruction")] : textArea(showDiff(parent.instruction, trial.instruction), "Instruction with its changes"),
  ];
}

function settings(trial, parent) {
  const lines = [
    ["Solved examples shown", number(parent.demonstrations), number(trial.demonstrations)],
    ["Reasons before it decides", yes(parent.reasoning), yes(trial.reasoning)],
    ["Decides fail", threshold(parent), threshold(trial)],
  ];
  const value = (before, after) => (before === after ? after : [h("del", {}, before), " ", h("ins", {}, after)]);
  return h("dl", { class: "facts small tabular" }, lines.map(([name, before, after]) => [h("dt", {}, name), h("dd", {}, value(before, after))]));
}

function threshold({ threshold: value }) {
  return typeof value === "number" ? `from ${percent(value)} on` : "as it says";
}

function yes(value) {
  return value ? "yes" : "no";
}

function textArea(content, name) {
  return h("div", { class: "text reading", tabindex: "0", role: "region", "aria-label": name }, content);
}

function copyRow(text, word) {
  return h("div", { class: "row" }, copyButton(() => text, word));
}

function lower(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
