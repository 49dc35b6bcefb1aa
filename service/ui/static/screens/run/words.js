/* What a run's report says, in sentences that a person understands. Values only: no element is made here.
 *
 *   headline(report)   -> {kind, icon, title, said, sureness}
 *   isSame(a, b)       -> whether two agreements are the same: then no prompt beat the baseline
 *   nextSteps(report)  -> {advice, steps: ["copy" | "try" | "judge-all" | "label" | "optimize", ...]}, the likeliest first
 */

import { count, estimate, number, signed } from "../../kit/format.js";

const KINDS = {
  improved: ["good", "check", "Improved"],
  "not shown": ["warn", "question", "No improvement shown"],
  worse: ["bad", "alert", "Worse than before"],
  "not measured": ["warn", "minus", "Not measured"],
};

export function headline(report) {
  const [kind, icon, title] = KINDS[report.conclusion];
  return { kind, icon, title, ...found(report) };
}

function found({ conclusion, test, dev }) {
  const { baseline, best, gain } = test;
  if (!baseline || !best || !gain) return unmeasured(dev);
  const rows = `On ${count(best.n, "row")} that nothing was tuned on`;
  if (conclusion === "not measured") {
    const why = gain.undefined ?? best.kappa.undefined ?? "agreement is undefined there";
    return { said: `${rows}, the change could not be measured: ${why}.`, sureness: "" };
  }
  if (isSame(baseline, best)) {
    return { said: `No prompt did better than the one that you started from. ${rows}, its agreement with people is ${number(best.kappa.value, 2)}.`, sureness: "" };
  }
  const [from, to] = [number(baseline.kappa.value, 2), number(best.kappa.value, 2)];
  return { said: `${rows}, agreement with people ${moved(conclusion, gain.value)} from ${from} to ${to}.`, sureness: sureness(conclusion, gain) };
}

function unmeasured(dev) {
  return {
    said: "No test rows were set aside, so nothing says how the best prompt does on rows that it was not chosen on.",
    sureness: `On the rows that it was chosen on, its agreement with people is ${estimate(dev.best.kappa)}; corrected for having chosen the best of ${dev.candidates}, ${estimate(dev.selection_corrected)}.`,
  };
}

function moved(conclusion, gain) {
  if (conclusion === "not shown") return "went";
  return gain > 0 ? "rose" : "fell";
}

function sureness(conclusion, gain) {
  const size = `${signed(gain.value)}, with a 95\u00a0% interval of ${signed(gain.low)} to ${signed(gain.high)}`;
  const chance = `p\u00a0=\u00a0${pValue(gain.p_value)}`;
  if (conclusion === "not shown") return `The difference of ${size}, may be chance (${chance}).`;
  return `That is a ${conclusion === "improved" ? "gain" : "loss"} of ${size}: more than chance explains (${chance}).`;
}

export function pValue(value) {
  if (typeof value !== "number") return "unknown";
  return value < 0.001 ? "less than 0.001" : String(Number(value.toPrecision(2)));
}

export function isSame(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

/* --- what to do now ---------------------------------------------------------------------------------- */

export function nextSteps(report) {
  const { test } = report;
  if (report.recommended === "best") return { advice: `Use the best prompt. ${misses(test.best.confusion)}`, steps: ["copy", "try", "judge-all"] };
  if (report.conclusion === "not measured") return { advice: unmeasuredAdvice(report), steps: ["label", "copy", "try"] };
  const keep = "Keep the prompt that you started from.";
  if (report.conclusion === "worse") return { advice: `${keep} Another strategy or more labels may find a better one.`, steps: ["optimize", "label"] };
  if (isSame(test.baseline, test.best)) return { advice: `${keep} More budget, another strategy or more labels may find a better one.`, steps: ["optimize", "label"] };
  return { advice: `${keep} ${resolution(test)}`, steps: ["label", "optimize", "copy"] };
}

function misses({ tp, fn, unparseable_bad: none }) {
  const bad = tp + fn + none;
  const missed = fn + none;
  if (!bad) return "";
  if (!missed) return `It catches all ${number(bad)} bad outputs among the test rows.`;
  return `It still misses ${number(missed)} of ${count(bad, "bad output")} among the test rows: look at the rows where it disagrees with people.`;
}

function unmeasuredAdvice({ test }) {
  if (!test.best) return "To know, set test rows aside: give the dataset a split with a test part before its first run, or label new rows into a new dataset.";
  return "Label more rows, of both kinds: the test rows have too few, or only one kind.";
}

/* How small a gain these rows can tell from chance: about half the interval's width. */
function resolution({ gain, best }) {
  const least = (gain.high - gain.low) / 2;
  if (!(least > 0)) return "More labelled rows make small gains visible.";
  return `With ${count(best.n, "test row")}, only gains of about ${number(least, 2)} or more can be told from chance. More labelled rows make smaller ones visible.`;
}
