/* How the labels were read, with the switch for files where 1 means fail.
 *
 *   labelWords(found, onWords(words))  words: {value: "pass" | "fail"} for every word of the file
 *   mappingOf(found, words)            -> the request's `label_mapping`, or null where the usual words do
 */

import { h } from "../../kit/dom.js";
import { number } from "../../kit/format.js";
import { labelBadge } from "../../parts/badge.js";
import { notice } from "../../parts/notice.js";

const USUAL = {
  1: "pass",
  true: "pass",
  pass: "pass",
  good: "pass",
  0: "fail",
  false: "fail",
  fail: "fail",
  bad: "fail",
};
const NUMBERS = ["1", "true", "0", "false"];
const OTHER = { pass: "fail", fail: "pass" };

export function labelWords(found, onWords) {
  const { values, classes, unlabelled, tied, switchable } = found.labels;
  if (values.length === 0)
    return notice(
      "info",
      "This file holds no labels yet",
      h("p", {}, "You give them on the next screens; twenty are enough to evaluate a first judge."),
    );
  const meaning = Object.fromEntries(values.map(({ value, means }) => [value, means]));
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "labels-title" },
    h("h2", { id: "labels-title" }, "How the labels were understood"),
    h(
      "div",
      { class: "stats" },
      stat(classes.pass, labelBadge("pass")),
      stat(classes.fail, labelBadge("fail")),
      tied > 0 && stat(tied, labelBadge("tie")),
      stat(unlabelled, "without a label"),
    ),
    switchable && inverted(meaning, onWords),
    h(
      "ul",
      { class: "plain words" },
      values.map((value, i) => word(value, i, meaning, onWords)),
    ),
    found.annotators.length > 0 && people(found.annotators),
  );
}

export function mappingOf(_found, words) {
  const own = Object.entries(words).filter(([, means]) => means);
  if (own.every(([value, means]) => USUAL[value] === means)) return null;
  const turned = NUMBERS.some((value) => words[value] && words[value] !== USUAL[value]);
  const numbers = Object.fromEntries(NUMBERS.map((value) => [value, turned ? OTHER[USUAL[value]] : USUAL[value]]));
  return { ...USUAL, ...numbers, ...Object.fromEntries(own) };
}

function stat(n, words) {
  return h("div", { class: "stat" }, h("span", {}, number(n)), h("span", {}, words));
}

function inverted(meaning, onWords) {
  const isTurned = NUMBERS.some((value) => meaning[value] && meaning[value] !== USUAL[value]);
  const turn = () =>
    onWords(
      Object.fromEntries(
        Object.entries(meaning).map(([value, means]) => [value, NUMBERS.includes(value) ? OTHER[means] : means]),
      ),
    );
  return h(
    "label",
    { class: "check" },
    h("input", { type: "checkbox", id: "inverted", checked: isTurned, on: { change: turn } }),
    h(
      "span",
      {},
      h("strong", {}, "1 means fail in this file"),
      h("span", { class: "hint" }, " Some tools write 1 (or true) for “has the defect”."),
    ),
  );
}

function word({ value, means, rows, annotations }, i, meaning, onWords) {
  const choose = (choice) => onWords({ ...meaning, [value]: choice });
  const radio = (choice, words) =>
    h(
      "label",
      {},
      h("input", {
        type: "radio",
        id: `word-${i}-${choice}`,
        name: `word-${i}`,
        checked: means === choice,
        on: { change: () => choose(choice) },
      }),
      words,
    );
  return h(
    "li",
    { class: "row" },
    h("span", { class: "mono word" }, value),
    h("span", { class: "muted small nowrap" }, `${number(rows + annotations)} ×`),
    h(
      "fieldset",
      {},
      h("legend", { class: "visually-hidden" }, `What ${value} means`),
      h("div", { class: "segments" }, radio("pass", "Pass"), radio("fail", "Fail")),
    ),
    means === null && h("span", { class: "wrong small" }, "Not understood: its rows are refused until you choose."),
  );
}

function people(annotators) {
  return h(
    "div",
    { class: "stack tight" },
    h("h3", {}, "People"),
    h(
      "ul",
      { class: "plain row" },
      annotators.map(({ name, labels }) =>
        h("li", { class: "badge" }, `${name}: ${number(labels.pass)} pass, ${number(labels.fail)} fail`),
      ),
    ),
  );
}
