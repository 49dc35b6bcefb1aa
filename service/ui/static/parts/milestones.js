/* How far the labels reach, and what each number of them unlocks.
 *
 *   milestoneBar(dataset, {words?: true}) -> node; `dataset` is the API's (labelled, classes, next_milestone)
 *   missingText(milestone)                -> "8 more labels, at least 3 of them fail"
 *   STEPS                                 -> [{labels, title, unlocks}]
 */

import { h } from "../kit/dom.js";
import { count, number } from "../kit/format.js";
import { icon } from "../kit/icons.js";

export const STEPS = [
  { labels: 20, title: "Evaluate", unlocks: "see how well a judge agrees with you" },
  { labels: 50, title: "Optimize", unlocks: "let a run search for a better judge (at least 10 of each class)" },
  { labels: 100, title: "Measure well", unlocks: "get narrower intervals, so that smaller gains show" },
];

export function milestoneBar(dataset, { words = true } = {}) {
  const labelled = dataset.labelled;
  const last = STEPS.at(-1).labels;
  const bar = h("progress", {
    max: last,
    value: Math.min(labelled, last),
    "aria-label": `${labelled} of ${last} labels`,
  });
  return h(
    "div",
    { class: "milestones" },
    h(
      "div",
      { class: "milestones-track" },
      bar,
      STEPS.map((step) => tick(step, isReached(step, dataset), last)),
    ),
    words && h("p", { class: "small" }, nextText(dataset)),
  );
}

export function missingText(milestone) {
  const { labels = 0, pass = 0, fail = 0 } = milestone.missing;
  const classes = [pass && `${number(pass)} pass`, fail && `${number(fail)} fail`].filter(Boolean).join(" and ");
  if (!labels) return `${classes} more`;
  return classes
    ? `${count(labels, "more label", "more labels")}, at least ${classes} among them`
    : count(labels, "more label", "more labels");
}

function isReached(step, { labelled, next_milestone: next }) {
  // A class may be too small although the number is reached: then the server still names the step.
  return labelled >= step.labels && !(next && next.labels === step.labels);
}

function tick(step, reached, last) {
  return h(
    "span",
    {
      class: "milestone",
      data: { reached: String(reached) },
      vars: { at: `${(100 * step.labels) / last}%` },
      title: `${step.labels} labels: ${step.unlocks}`,
    },
    reached && icon("check"),
    h("span", { class: "tabular" }, step.labels),
    h("span", { class: "milestone-title" }, step.title),
    h("span", { class: "visually-hidden" }, reached ? " (reached)" : " (ahead)"),
  );
}

function nextText({ labelled, next_milestone: next }) {
  const have = h("strong", { class: "tabular" }, count(labelled, "label"));
  if (!next) return [have, ". That is enough for a dependable test."];
  const step = STEPS.find((one) => one.labels === next.labels);
  return [have, `. ${missingText(next)} ${step ? `to ${step.unlocks}` : `for ${next.unlocks}`}.`];
}
