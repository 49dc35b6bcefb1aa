/* The judge that a run found: what changed against the prompt it started from, its prompt, its demonstrations.
 *
 *   judgeSection({artifact, baseline, model}, getText)   artifact: the judge file; baseline: the run's first trial;
 *                                                        getText() -> Promise of the prompt as text, for copying
 *   promptDifference(before, after, {names})             two prompts with their differences, in one text or side by side
 */

import { copyButton } from "../../kit/copy.js";
import { diffWords, showDiff, showSides } from "../../kit/diff.js";
import { fill, fragment, h } from "../../kit/dom.js";
import { count, number, percent } from "../../kit/format.js";
import { labelBadge } from "../../parts/badge.js";

export function judgeSection({ artifact, baseline }, getText) {
  const copy = copyButton(getText, "Copy the prompt");
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "judge" },
    h("div", { class: "spread" }, h("h2", { id: "judge" }, "The best prompt"), copy),
    baseline && changes(artifact, baseline),
    h("h3", {}, "As it is sent"),
    artifact.calls.map((call, place) => prompt(call, artifact.calls.length > 1 ? ` ${place + 1} of ${artifact.calls.length}` : "")),
    artifact.candidate && demonstrations(artifact.candidate.demonstrations),
    baseline && difference(artifact, baseline),
  );
}

function promptText(artifact) {
  return artifact.calls.map(({ messages }) => messages.map(({ role, content }) => `--- ${role} ---\n${content}`).join("\n\n")).join("\n\n");
}

/* --- what changed ------------------------------------------------------------------------------------- */

function changes({ candidate, calls }, baseline) {
  if (!candidate || candidate.verbatim) return null;
  const { decision } = candidate;
  const parts = [
    instructionChange(baseline.instruction, candidate.instruction),
    demonstrationChange(candidate.demonstrations.length, baseline.demonstrations),
    candidate.reasoning !== baseline.reasoning && (candidate.reasoning ? "It is asked to reason before its verdict." : "It is asked for the verdict alone, without reasoning first."),
    decision.threshold !== null && `It fails an output from a probability of ${percent(decision.threshold)}, whatever word it gives.`,
    calls.length > 1 && `It is ${number(calls.length)} prompts; an output fails if any of them fails it.`,
  ].filter(Boolean);
  return h("div", { class: "stack tight" }, h("h3", {}, "What changed"), h("ul", {}, parts.map((text) => h("li", {}, text))));
}

function instructionChange(before, after) {
  if (before === after) return "The instruction is the same, word for word.";
  const parts = diffWords(before, after);
  const words = (kind) => parts.filter((part) => part.kind === kind).reduce((n, part) => n + (part.text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0), 0);
  return `The instruction has ${count(words("new"), "new word")} and lost ${number(words("gone"))}; the difference is below.`;
}

function demonstrationChange(now, before) {
  if (now === before) return now ? `It shows ${count(now, "example")}, as before.` : "It shows no examples, as before.";
  return `It shows ${now ? count(now, "labelled example") : "no examples"}; before ${before === 1 ? "it was one" : before ? `they were ${number(before)}` : "there were none"}.`;
}

/* --- the prompt --------------------------------------------------------------------------------------- */

const ROLES = { system: "Instructions (system)", user: "Question (user)", assistant: "Answer (assistant)", developer: "Instructions (developer)" };

function prompt({ messages, placeholders }, number_) {
  return h(
    "div",
    { class: "prompt scroll", tabindex: 0, role: "region", "aria-label": `Prompt${number_}: ${count(messages.length, "message")}` },
    messages.map(({ role, content }) => h("div", { class: "prompt-message", data: { role } }, h("p", { class: "prompt-role" }, ROLES[role] ?? role), h("div", { class: "text mono" }, withPlaces(content, placeholders)))),
  );
}

/* The text with its placeholders marked: that is where a row's texts come. */
function withPlaces(text, placeholders) {
  const places = Object.values(placeholders ?? {});
  const found = [];
  let rest = text;
  for (;;) {
    const next = places.map((place) => [rest.indexOf(place), place]).filter(([at]) => at >= 0).sort(([a], [b]) => a - b)[0];
    if (!next) return [...found, rest];
    found.push(rest.slice(0, next[0]), h("mark", {}, next[1]));
    rest = rest.slice(next[0] + next[1].length);
  }
}

function demonstrations(shown) {
  if (!shown.length) return null;
  return h(
    "details",
    {},
    h("summary", {}, `The ${count(shown.length, "example")} that it shows (its demonstrations)`),
    h("ol", { class: "plain stack" }, shown.map(demonstration)),
  );
}

function demonstration({ example_id: id, input, output, label, rationale }) {
  return h(
    "li",
    { class: "demonstration stack tight" },
    h("div", { class: "row" }, labelBadge(label), h("span", { class: "muted small" }, `row ${id}`)),
    h("div", { class: "columns" }, textBlock("Input", input), textBlock("Output", output)),
    rationale && textBlock("Why", rationale),
  );
}

function textBlock(name, text) {
  return h("div", {}, h("p", { class: "muted small" }, name), h("p", { class: "text" }, text));
}

/* --- the difference ----------------------------------------------------------------------------------- */

function difference(artifact, baseline) {
  const { candidate } = artifact;
  const isOne = candidate && !candidate.verbatim;
  return [
    isOne && candidate.instruction !== baseline.instruction && h(
      "div",
      { class: "stack tight" },
      h("h3", {}, "The instruction against the one it started from"),
      h("p", { class: "text diff" }, showDiff(baseline.instruction, candidate.instruction)),
    ),
    h(
      "details",
      {},
      h("summary", {}, "The whole prompt against the one it started from"),
      promptDifference(baseline.prompt, promptText(artifact), { names: ["Before", "Best prompt"] }),
    ),
  ];
}

let made = 0;

export function promptDifference(before, after, { names }) {
  const name = `difference-${(made += 1)}`;
  const view = h("div", {});
  const show = (kind) => fill(view, before === after ? h("p", { class: "muted" }, "Both are the same, word for word.") : kind === "one" ? inOne(before, after) : sideBySide(before, after, names));
  const choice = (kind, word, checked) => h("label", {}, h("input", { type: "radio", name, value: kind, checked, on: { change: () => show(kind) } }), word);
  show("one");
  return h("div", { class: "stack" }, h("div", { class: "segments", role: "group", "aria-label": "How to show the difference" }, choice("one", "In one text", true), choice("two", "Side by side", false)), view);
}

function inOne(before, after) {
  return h("div", { class: "prompt scroll text mono diff", tabindex: 0, role: "region", "aria-label": "Both prompts in one text" }, showDiff(before, after));
}

function sideBySide(before, after, names) {
  const sides = showSides(before, after);
  const side = (title, text) => h("div", { class: "stack tight" }, h("h4", {}, title), h("div", { class: "prompt scroll text mono diff", tabindex: 0, role: "region", "aria-label": `Prompt: ${title}` }, text));
  return h("div", { class: "columns" }, fragment(side(names[0], sides.before), side(names[1], sides.after)));
}
