/* The form that starts an evaluation. */

import { isPassing } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count, date, number } from "../../kit/format.js";
import { onceKey } from "../../kit/once.js";
import { at, href } from "../../kit/paths.js";
import { choices } from "../../parts/choices.js";
import { field, modelChoice } from "../../parts/model.js";
import { problem } from "../../parts/notice.js";

export function startForm(context, { dataset, models, runs, force }) {
  const preset = context.query.get("run");
  const instruction = h("textarea", { rows: 6, placeholder: "Fail the reply if …", maxlength: 100000, on: { input: changed } });
  const run = h("select", { on: { change: changed } }, runs.map((one) => h("option", { value: one.id, selected: one.id === preset }, runName(one))));
  const kind = choices({
    name: "judge",
    legend: "Which judge?",
    value: preset && runs.length ? "run_id" : "criterion",
    onChange: changed,
    options: [
      { value: "criterion", word: "The criterion as it stands", text: "The model reads your criterion and nothing else: what any found judge has to beat.", more: h("blockquote", { class: "text small clip" }, dataset.criterion) },
      { value: "instruction", word: "An instruction of your own", text: "Your words stand beside the criterion.", more: field("Instruction", instruction) },
      runs.length > 0
        ? { value: "run_id", word: "The best judge of a run", text: "As its file says: with its examples, settings and threshold.", more: field("Run", run, "Rows that the run was tuned on flatter its judge; the result can leave them out.") }
        : { value: "run_id", word: "The best judge of a run", text: ["No run has ended yet: ", h("a", { href: href(at`/datasets/${dataset.id}/optimize`) }, "start one"), "."], disabled: true },
    ],
  });
  const model = modelChoice({ models, label: "Model", hint: "It is asked once for each row.", onChange: changed });
  const ofRun = modelChoice({ models, label: "Model", usual: { word: "The run's own", name: "" }, hint: "Another model may understand the same prompt differently.", onChange: changed });
  const rows = rowsChoice(dataset, changed);
  const cap = h("input", { type: "number", min: "0.01", step: "0.01", inputmode: "decimal", placeholder: "no limit" });
  const said = h("div", { "aria-live": "polite" });
  const button = h("button", { type: "submit", class: "button primary" });
  let key = onceKey();

  function changed() {
    key = onceKey(); // something else is asked now
    model.element.hidden = kind.value() === "run_id";
    ofRun.element.hidden = !model.element.hidden;
    button.textContent = `Evaluate ${count(rows.count(), "row")}`;
    fill(said);
  }

  function body() {
    const chosen = kind.value();
    const judge = chosen === "run_id" ? { run_id: run.value, ...ofRun.value() } : { ...model.value(), ...(chosen === "instruction" ? { instruction: instruction.value.trim() } : {}) };
    return {
      dataset_id: dataset.id,
      judge,
      rows: rows.value(),
      ...(cap.value ? { spend_cap: { max_cost_usd: Number(cap.value) } } : {}),
      ...(force ? { force: true } : {}),
    };
  }

  function wrong() {
    if (kind.value() === "instruction" && !instruction.value.trim()) return "Write the instruction that the judge should follow.";
    return (kind.value() === "run_id" ? ofRun : model).problem();
  }

  async function submit(event) {
    event.preventDefault();
    const found = wrong();
    if (found) return void fill(said, h("p", { class: "wrong" }, found));
    button.disabled = true;
    try {
      const started = await context.api.post("/evaluations", body(), { key, signal: context.signal });
      context.go(at`/datasets/${dataset.id}/evaluate/${started.id}`);
    } catch (error) {
      if (context.signal.aborted) return;
      if (!isPassing(error)) key = onceKey();
      fill(said, problem(error));
      button.disabled = false;
    }
  }

  changed();
  return h(
    "form",
    { class: "card stack", on: { submit } },
    kind.element,
    model.element,
    ofRun.element,
    rows.element,
    h("details", {}, h("summary", {}, "Limit the cost"), field("At most, in US dollars", cap, "The evaluation pauses before it would pay more, and you can decide. It takes a model whose price is known.")),
    said,
    h("div", { class: "row" }, button),
  );
}

function rowsChoice({ labelled, examples }, onChange) {
  const select = h("select", { on: { change: onChange } }, h("option", { value: "labelled" }, `Labelled rows (${number(labelled)})`), h("option", { value: "all" }, `All rows (${number(examples)})`));
  if (!labelled) select.value = "all";
  const hint = "With all rows you can later label those on which judges disagree, which teach most. Verdicts stay hidden until a row is labelled.";
  return {
    element: h("div", { hidden: labelled === examples }, field("Rows", select, hint)),
    value: () => select.value,
    count: () => (select.value === "all" ? examples : labelled),
  };
}

function runName({ strategy, model, test_kappa: kappa, ended_at: ended }) {
  const measured = kappa === null ? "not measured" : `kappa ${number(kappa, 2)} on test`;
  return `${strategy} with ${model}, ${measured}, ${date(ended)}`;
}
