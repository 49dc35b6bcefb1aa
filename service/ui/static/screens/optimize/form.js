/* The form that starts a run, with what it would take as one changes it. */

import { isPassing } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { onceKey } from "../../kit/once.js";
import { at } from "../../kit/paths.js";
import { choices } from "../../parts/choices.js";
import { field, modelChoice } from "../../parts/model.js";
import { problem } from "../../parts/notice.js";
import { budgetFields } from "./budget.js";
import { estimatePanel } from "./estimate.js";
import { optionFields } from "./options.js";
import { strategyWords } from "./words.js";

const FIRST_OF_ALL = "joint";

export function runForm(context, { dataset, models, strategies, runs, force }) {
  let key = onceKey();
  let isReady = false; // fields call `changed` while they are made
  const usual = strategies.find((one) => one.is_default)?.name ?? FIRST_OF_ALL;
  const wanted = strategies.find((one) => one.name === context.query.get("strategy"))?.name ?? usual;
  const options = optionFields(strategies, changed);
  const strategy = choices({
    name: "strategy",
    legend: "How to search",
    value: wanted,
    onChange: changed,
    options: strategies.map((one) => ({ value: one.name, word: strategyWords(one.name), text: one.summary, note: one.name === usual ? "default" : null, more: options.of(one.name) })),
  });
  const model = modelChoice({ models, label: "Model that judges", hint: "The judge that you get is this model with the prompt that is found.", onChange: changed });
  const proposer = modelChoice({ models, label: "Model that writes proposals", usual: { word: `${models.proposer.name} (configured)`, name: models.proposer.name }, hint: "A larger one pays here: it is asked seldom.", onChange: changed });
  const instruction = h("textarea", { rows: 4, maxlength: 100000, placeholder: "Leave empty to start from the criterion alone.", on: { input: changed } });
  const budget = budgetFields(changed);
  const seed = h("input", { type: "number", min: "0", max: "2147483647", step: "1", value: "0", on: { input: changed } });
  const earlier = h("input", { type: "checkbox", checked: true, on: { change: changed } });
  const said = h("div", { "aria-live": "polite" });
  const button = h("button", { type: "submit", class: "button primary" }, "Start the run");
  const estimate = estimatePanel(context, { ask: body, onKnown: budget.learn });

  function changed() {
    if (!isReady) return;
    key = onceKey(); // something else is asked now
    fill(said);
    transfer.hidden = !chosen()?.transfers || !runs.some((run) => run.status === "succeeded");
    estimate.soon();
  }

  function chosen() {
    return strategies.find((one) => one.name === strategy.value());
  }

  function body() {
    const words = instruction.value.trim();
    const by = proposer.value();
    return {
      dataset_id: dataset.id,
      strategy: strategy.value(),
      ...model.value(),
      ...(by.model ? { proposer_model: by.model, ...(by.api_base ? { proposer_api_base: by.api_base } : {}) } : {}),
      ...(words ? { instruction: words } : {}),
      budget: budget.value(),
      ...budget.cap(),
      seed: Number(seed.value) || 0,
      options: options.value(strategy.value()),
      from_earlier_runs: earlier.checked,
      ...(force ? { force: true } : {}),
    };
  }

  async function submit(event) {
    event.preventDefault();
    const wrong = model.problem() || proposer.problem() || budget.problem();
    if (wrong) return void fill(said, h("p", { class: "wrong" }, wrong));
    button.disabled = true;
    try {
      const started = await context.api.post("/runs", body(), { key, signal: context.signal });
      context.go(at`/datasets/${dataset.id}/optimize`, { run: started.id });
    } catch (error) {
      if (context.signal.aborted) return;
      if (!isPassing(error)) key = onceKey();
      fill(said, problem(error));
      button.disabled = false;
    }
  }

  const transfer = h("label", { class: "check", hidden: true }, earlier, h("span", {}, "Start from what earlier runs on this dataset found"));
  const element = h(
    "form",
    { class: "with-aside", on: { submit } },
    h(
      "div",
      { class: "card stack" },
      strategy.element,
      transfer,
      model.element,
      budget.element,
      field("Prompt to beat", instruction, "An instruction that you use today. It is measured beside the winner, on the same rows."),
      h("details", {}, h("summary", {}, "More settings"), h("div", { class: "stack" }, proposer.element, budget.capElement, field("Seed", seed, "The same seed and labels give the same run; another one tries its luck anew."))),
    ),
    h("aside", { class: "stack sticky", "aria-label": "What it would take" }, h("div", { class: "card stack" }, estimate.element, said, h("div", { class: "row" }, button))),
  );
  isReady = true;
  changed();
  estimate.now();
  return element;
}

