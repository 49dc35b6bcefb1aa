/* What a row or a job is, by icon and word.
 *
 *   labelBadge("pass" | "fail" | "tie" | null, {words?: {pass: "Pass", ...}})   a person's label
 *   verdictBadge("pass" | "fail" | null, failure?)                              a judge's; a failure by its kind
 *   statusBadge("queued" | "running" | ...)                                     a job's
 *   conclusionBadge("improved" | "not shown" | "worse" | "not measured" | null) a run's
 *   badge(kind, iconName, text)                                                 any other
 */

import { h } from "../kit/dom.js";
import { icon } from "../kit/icons.js";

const LABELS = { pass: ["pass", "check", "Pass"], fail: ["fail", "cross", "Fail"], tie: ["tie", "people", "Tied"] };
const STATUSES = {
  queued: ["info", "clock", "Queued"],
  running: ["info", "play", "Running"],
  paused: ["warn", "pause", "Paused"],
  cancelled: ["none", "stop", "Cancelled"],
  failed: ["bad", "alert", "Failed"],
  succeeded: ["good", "check", "Done"],
};
const CONCLUSIONS = {
  improved: ["good", "check", "Improved"],
  "not shown": ["none", "question", "Not shown"],
  worse: ["bad", "cross", "Worse"],
  "not measured": ["none", "minus", "Not measured"],
};
const FAILURES = { unparseable: "Unreadable", refused: "Refused", provider: "No answer" };

export function badge(kind, iconName, text) {
  return h("span", { class: "badge", data: { kind } }, icon(iconName), text);
}

export function labelBadge(label, { words = {} } = {}) {
  const [kind, picture, word] = LABELS[label] ?? ["none", "minus", "Not labelled"];
  return badge(kind, picture, words[label] ?? word);
}

export function verdictBadge(verdict, failure = null) {
  if (verdict) return labelBadge(verdict);
  return badge("warn", "question", FAILURES[failure] ?? (failure ? `No verdict: ${failure}` : "No verdict"));
}

export function statusBadge(status) {
  return badge(...(STATUSES[status] ?? ["none", "info", status]));
}

export function conclusionBadge(conclusion) {
  return conclusion ? badge(...(CONCLUSIONS[conclusion] ?? ["none", "info", conclusion])) : "";
}
