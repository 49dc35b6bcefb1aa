/* Try a run's best judge on a text of one's own, or on a row of the dataset.
 *
 *   const part = tryIt(context, run);  part.element; part.focus()
 */

import { announce } from "../../kit/announce.js";
import { isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count, duration, money, percent } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { labelBadge, verdictBadge } from "../../parts/badge.js";
import { problem } from "../../parts/notice.js";

const FAILURES = {
  unparseable: "Its answer could not be read as a verdict.",
  refused: "The model refused to judge it.",
  provider: "The model's provider did not answer.",
};

export function tryIt(context, run) {
  const input = h("textarea", { rows: 6, id: "try-input", spellcheck: "false" });
  const output = h("textarea", { rows: 6, id: "try-output", spellcheck: "false", required: true, "aria-describedby": "try-hint" });
  const answer = h("div", { class: "try-answer", "aria-live": "polite" });
  const submit = h("button", { type: "submit", class: "button primary" }, icon("play"), "Judge it");
  let row = null;

  async function judge(event) {
    event.preventDefault();
    submit.disabled = true;
    fill(answer, h("p", { class: "muted" }, "Judging …"));
    const asked = { input: input.value, output: output.value };
    try {
      const found = await context.api.post(at`/runs/${run.id}/judge`, { examples: [asked] }, { signal: context.signal });
      const known = row && row.input === asked.input && row.output === asked.output ? row : null;
      fill(answer, verdict(found, known));
      announce(found.verdicts[0].verdict ? `Verdict: ${found.verdicts[0].verdict}` : "No verdict");
    } catch (error) {
      if (!isAbort(error)) fill(answer, problem(error));
    } finally {
      submit.disabled = false;
    }
  }

  async function takeRow() {
    try {
      row = await anyRow(context, run.dataset_id);
      if (!row) return void toast("The dataset has no rows.");
      input.value = row.input;
      output.value = row.output;
      fill(answer);
      announce(`Row ${row.id} is filled in`);
    } catch (error) {
      if (!isAbort(error)) toast(error.message, { kind: "bad" });
    }
  }

  const onKeys = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.requestSubmit();
  const form = h(
    "form",
    { class: "stack", on: { submit: judge, keydown: onKeys } },
    h("div", { class: "columns" }, field("Input", "what the system was given; may stay empty", input), field("Output to judge", "what it answered", output)),
    h("div", { class: "row" }, submit, h("button", { type: "button", class: "button", on: { click: takeRow } }, "Fill in a row of the dataset"), h("span", { class: "hint", id: "try-hint" }, "Ctrl + Enter judges, too.")),
    answer,
  );
  const element = h(
    "section",
    { class: "card stack", "aria-labelledby": "try" },
    h("div", { class: "stack tight" }, h("h2", { id: "try" }, "Try it"), h("p", { class: "muted small" }, `Paste an output and see what the judge says. It asks ${run.model}; the answer is not stored with the dataset.`)),
    form,
  );
  const focus = () => {
    element.scrollIntoView({ block: "start" });
    (input.value ? output : input).focus({ preventScroll: true });
  };
  return { element, focus };
}

function field(name, hint, control) {
  return h("div", { class: "field" }, h("label", { class: "label", for: control.id }, name), control, h("p", { class: "hint" }, hint));
}

async function anyRow({ api, signal }, datasetId) {
  const { items } = await api.get(at`/datasets/${datasetId}/examples`, { query: { limit: 100 }, signal });
  return items[Math.floor(Math.random() * items.length)] ?? null;
}

function verdict({ verdicts: [found], usage }, row) {
  const why = found.verdict ? null : (FAILURES[found.failure] ?? "It gave no verdict.");
  return h(
    "div",
    { class: "stack tight tried" },
    h("div", { class: "row" }, h("strong", {}, "The judge says"), verdictBadge(found.verdict, found.failure), typeof found.fail_probability === "number" && h("span", { class: "muted" }, `probability of a fail ${percent(found.fail_probability)}`)),
    why && h("p", {}, why, found.message && h("span", { class: "muted text" }, ` ${found.message}`)),
    found.rationale && h("blockquote", { class: "text" }, found.rationale),
    !found.rationale && found.verdict && h("p", { class: "muted small" }, "It gives no reason: this prompt asks for the verdict alone."),
    row && h("div", { class: "row" }, h("span", {}, "People say"), labelBadge(row.label), row.label && found.verdict && h("span", { class: "muted" }, row.label === found.verdict ? "they agree" : "they disagree")),
    h("p", { class: "muted small tabular" }, took(usage)),
  );
}

function took({ calls, cached_calls: cached, prompt_tokens: asked, completion_tokens: answered, cost_usd: cost, latency_ms: latency }) {
  if (cached && cached === calls) return "Answered from the ledger: nothing was asked of the model.";
  const price = cost === null || cost === undefined ? "price not known" : money(cost);
  return [count(calls, "model call"), count(asked + answered, "token"), price, typeof latency === "number" && duration(latency / 1000)].filter(Boolean).join(" · ");
}
