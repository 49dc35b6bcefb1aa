/* What an agreement would mean in use: each measure with its interval and a sentence in plain words.
 *
 *   const list = measures();  list.element; list.show(agreement)
 */

import { fill, h } from "../kit/dom.js";
import { NONE, count, number, percent } from "../kit/format.js";

const MEASURES = [
  {
    name: "Bad outputs caught",
    formal: "coverage, or recall on fails",
    of: (found) => found.coverage,
    say: ({ tp, bad }) => `Of ${count(bad, "output")} that people failed, the judge fails ${number(tp)}.`,
  },
  {
    name: "Right when it fails one",
    formal: "precision on fails",
    of: (found) => found.precision,
    say: ({ tp, failed }) => `Of ${count(failed, "output")} that the judge fails, people failed ${number(tp)}.`,
  },
  {
    name: "Good outputs failed",
    formal: "false failure rate; lower is better",
    of: (found) => found.false_failure_rate,
    say: ({ fp, good }) => `Of ${count(good, "output")} that people passed, the judge fails ${number(fp)}.`,
  },
  {
    name: "Rows it agrees on",
    formal: "accuracy; says little where most outputs are good",
    of: (found) => found.accuracy,
    say: ({ agreed, n }) => `On ${number(agreed)} of ${count(n, "row")} the judge says what people say.`,
  },
];

export function measures() {
  const lines = MEASURES.map(measure);
  const failed = h("p", { class: "small" });
  const element = h("div", { class: "stack" }, h("dl", { class: "measures" }, lines.map((one) => one.element)), failed);
  return {
    element,
    show(found) {
      const numbers = totals(found);
      lines.forEach((one) => one.show(found, numbers));
      failed.textContent = failures(found);
      failed.hidden = !failed.textContent;
    },
  };
}

function measure({ name, formal, of, say }) {
  const value = h("dd", { class: "measure-value tabular" });
  const text = h("dd", { class: "hint" });
  const element = h("div", { class: "measure" }, h("dt", {}, name, h("span", { class: "hint" }, ` ${formal}`)), value, text);
  return {
    element,
    show(found, numbers) {
      fill(value, percents(of(found)));
      text.textContent = of(found)?.value === null ? "Not defined on these rows." : say(numbers);
    },
  };
}

function totals({ confusion: { tp, fp, fn, tn, unparseable_bad: noneBad, unparseable_good: noneGood }, n }) {
  return { tp, fp, bad: tp + fn + noneBad, good: fp + tn + noneGood, failed: tp + fp, agreed: tp + tn, n };
}

function percents(found) {
  if (typeof found?.value !== "number") return NONE;
  const range = typeof found.low === "number" && h("span", { class: "muted" }, ` ${number(100 * found.low)} to ${percent(found.high)}`);
  return [h("strong", {}, percent(found.value)), range];
}

const KINDS = { unparseable: "could not be read", refused: "refused", provider: "failed at the provider" };

function failures({ failures: kinds, answered_kappa: kappa }) {
  const parts = Object.entries(kinds ?? {}).filter(([, n]) => n).map(([kind, n]) => `${number(n)} ${KINDS[kind] ?? kind}`);
  if (!parts.length) return "";
  const rest = typeof kappa === "number" ? ` Over the rows that it answered kappa is ${number(kappa, 2)}.` : "";
  return `Answers without a verdict: ${parts.join(", ")}. They count as disagreement.${rest}`;
}
