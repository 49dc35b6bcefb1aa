/* What is said of criteria and assertions, in words for people.
 *
 *   originWords(criterion)   "Written by hand"        kindBadge(assertion)   a model's or a check's
 *   supportBadge(card)       what the labels say of it, by icon and word
 *   cardWords(card)          "Catches 8 of 10 bad outputs and fails 2 of 30 good ones. Alignment 0.84."
 *   measuresWords(measures)  the same of plain measures, shorter
 *   RULES                    how a set is chosen: [{value, word, text}]
 */

import { count, number, sentence } from "../../kit/format.js";
import { badge } from "../../parts/badge.js";

const ORIGINS = {
  written: "Written by hand",
  prompt: "From the task's prompt",
  labels: "From labels and notes",
  history: "From versions of the prompt",
  split: "From a split",
  merge: "From a merge",
};
const SUPPORTED = "supported";

export const RULES = [
  { value: "kappa", word: "Best agreement", text: "The set with the highest kappa, less what its members cost: few and cheap ones." },
  { value: "evalgen", word: "Best of each criterion", text: "EvalGen's rule: for each criterion the assertion that catches most and fails good outputs no more often than allowed." },
  { value: "spade_cov", word: "Fewest that catch enough", text: "SPADE's programme: the smallest set within both bounds." },
  { value: "spade_sub", word: "Fewest that leave nothing out", text: "SPADE's programme with subsumption: what a left-out assertion catches, a chosen one catches too." },
];

export function originWords({ source }) {
  return ORIGINS[source] ?? source;
}

export function kindBadge({ kind }) {
  return kind === "check" ? badge("none", "code", "Code check") : badge("info", "sparkle", "Asks a model");
}

export function supportBadge({ support }) {
  if (support === SUPPORTED) return badge("good", "check", "Labels support it");
  const isAgainst = support.startsWith("fails good");
  return badge(isAgainst ? "bad" : "warn", isAgainst ? "cross" : "question", sentence(support).slice(0, -1));
}

export function cardWords({ rows, bad, n, alignment }) {
  return `Catches ${number(rows.caught.length)} of ${count(bad, "bad output")} and fails ${number(rows.wrongly_failed.length)} of ${number(n - bad)} good ones. Alignment ${number(alignment.value, 2)}.`;
}

export function measuresWords({ confusion: c, alignment, n }) {
  if (!n) return "Not asked yet about a labelled row.";
  const bad = c.tp + c.fn + c.unparseable_bad;
  const none = c.unparseable_bad + c.unparseable_good;
  return `Catches ${number(c.tp)} of ${number(bad)} bad, fails ${number(c.fp)} of ${number(n - bad)} good, alignment ${number(alignment, 2)}${none ? `; no verdict on ${number(none)}` : ""}.`;
}
