/* Criteria suggested from the task's prompt, from labels and notes, or from the versions of a prompt. Nothing is
 * stored before somebody adds it.
 *
 *   const panel = suggestPanel(context, {dataset, models, onAdded});  panel.element; panel.toggle(opener)
 */

import { isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { number } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at } from "../../kit/paths.js";
import { recall, remember } from "../../kit/storage.js";
import { choices } from "../../parts/choices.js";
import { field, modelChoice } from "../../parts/model.js";
import { problem } from "../../parts/notice.js";
import { proposerOf } from "./drafting.js";
import { suggestions } from "./suggestions.js";
import { versionFields } from "./versions.js";

export function suggestPanel(context, { dataset, models, onAdded }) {
  const kept = `task-prompt.${dataset.id}`;
  const prompt = h("textarea", { rows: 6, maxlength: 100000, value: recall(kept, ""), placeholder: "You are a support agent. Answer in at most 120 words …", on: { change: () => remember(kept, prompt.value) } });
  const versions = versionFields(recall(kept, ""));
  const n = h("input", { type: "number", class: "short", min: 1, max: 20, value: "5" });
  const model = modelChoice({ models, label: "Model that suggests", usual: proposerOf(models) });
  const source = choices({
    name: "suggest-from",
    legend: "Where from?",
    value: "prompt",
    options: [
      { value: "prompt", word: "The task's prompt", text: "What the prompt asks for is what its outputs should do.", more: field("The prompt that makes the outputs", prompt) },
      { value: "labels", word: "Labels and notes", text: labelWords(dataset), disabled: !dataset.labelled },
      { value: "history", word: "Versions of the prompt", text: "Each change of a prompt was made for a reason: what was added says what went wrong before.", more: versions.element },
    ],
  });
  const found = h("div", { "aria-live": "polite" });
  const button = h("button", { type: "submit", class: "button primary" }, icon("sparkle"), "Suggest");
  const form = h("form", { class: "stack", on: { submit } }, source.element, h("div", { class: "options" }, field("At most", n), model.element), h("div", { class: "row" }, button));
  const element = h("section", { class: "card stack", id: "suggest", "aria-labelledby": "suggest-title", hidden: true }, h("h3", { id: "suggest-title" }, "Suggest criteria"), form, found);

  function body() {
    const from = source.value();
    const given = from === "prompt" ? { prompt: prompt.value } : from === "history" ? { prompts: versions.value() } : {};
    return { source: from, ...given, n: Number(n.value), ...model.value() };
  }

  function wrong() {
    if (source.value() === "prompt" && !prompt.value.trim()) return "Paste the prompt that makes the outputs.";
    if (source.value() === "history" && versions.value().length < 2) return "It takes at least two versions of the prompt.";
    return model.problem();
  }

  async function submit(event) {
    event.preventDefault();
    const fault = wrong();
    if (fault) return void fill(found, h("p", { class: "wrong" }, fault));
    button.disabled = true;
    fill(found, h("p", { class: "muted" }, "Thinking …"));
    try {
      const answer = await context.api.post(at`/datasets/${dataset.id}/criteria/suggest`, body(), { signal: context.signal });
      fill(found, suggestions(context, { dataset, answer, source: source.value(), onAdded }));
    } catch (error) {
      if (!isAbort(error)) fill(found, problem(error));
    } finally {
      button.disabled = false;
    }
  }

  return {
    element,
    toggle(opener) {
      element.hidden = !element.hidden;
      opener.setAttribute("aria-expanded", String(!element.hidden));
      if (!element.hidden) element.querySelector("input:checked")?.focus();
    },
  };
}

function labelWords({ labelled }) {
  if (!labelled) return "Grade a few rows first, with a note on why.";
  return `${labelled === 1 ? "One row is" : `${number(labelled)} rows are`} labelled. Notes on why say most.`;
}
