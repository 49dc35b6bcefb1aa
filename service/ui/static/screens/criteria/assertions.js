/* The assertions of a criterion, with each one's measures; to write one, or to let a model write some.
 *
 *   const list = assertionList(context, {dataset, models, onChanged});  list.element
 *       list.show({criterion, assertions, card})
 */

import { isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { badge } from "../../parts/badge.js";
import { editAssertion, writeAssertion } from "./assertion.js";
import { letWrite } from "./drafting.js";
import { kindBadge, measuresWords } from "./words.js";

export function assertionList(context, { dataset, models, onChanged }) {
  let criterion = null;
  const summary = h("summary", {});
  const rows = h("ul", { class: "plain assertions" });
  const write = async () => (await writeAssertion(context, dataset, criterion)) && onChanged();
  const draft = async () => (await letWrite(context, { dataset, models, criterion })) && onChanged();
  const buttons = [
    h("button", { type: "button", class: "button small", on: { click: draft } }, icon("sparkle"), "Let a model write some"),
    h("button", { type: "button", class: "button small", on: { click: write } }, icon("edit"), "Write one"),
  ];
  const element = h("details", {}, summary, h("div", { class: "stack tight" }, rows, h("div", { class: "row" }, buttons)));
  const made = new Map();

  function show({ criterion: next, assertions, card }) {
    criterion = next;
    summary.textContent = assertions.length ? `${count(assertions.length, "assertion")}` : "Assertions: none yet";
    for (const id of made.keys()) if (!assertions.some((one) => one.id === id)) made.delete(id);
    const shown = assertions.map((assertion) => rowOf(assertion, card));
    if (shown.length !== rows.children.length || shown.some((one, i) => rows.children[i] !== one)) fill(rows, shown);
  }

  function rowOf(assertion, card) {
    if (!made.has(assertion.id)) made.set(assertion.id, assertionRow(assertion, { edit, retire }));
    made.get(assertion.id).show(assertion, card);
    return made.get(assertion.id).element;
  }

  const edit = async (assertion) => (await editAssertion(context, dataset, criterion, assertion)) && onChanged();

  async function retire(assertion, pressed) {
    pressed.disabled = true;
    try {
      await context.api.post(at`/datasets/${dataset.id}/assertions/${assertion.id}/retire`, undefined, { signal: context.signal });
      await onChanged();
    } catch (error) {
      pressed.disabled = false;
      if (!isAbort(error)) toast(error.message, { kind: "bad" });
    }
  }

  return { element, show };
}

function assertionRow(first, { edit, retire }) {
  let assertion = first;
  const badges = h("span", { class: "row" });
  const measured = h("p", { class: "small muted tabular" });
  const name = first.text ? first.text.slice(0, 60) : "the criterion as it stands";
  const text = first.kind === "check" ? h("code", { class: "text" }, first.text) : h("p", { class: ["text", !first.text && "muted"] }, first.text || "The criterion as it stands, without further words.");
  const button = (word, picture, run) => h("button", { type: "button", class: "button quiet small", "aria-label": `${word}: ${name}`, on: { click: (event) => run(assertion, event.currentTarget) } }, icon(picture), word);
  const element = h("li", { class: "assertion stack tight" }, h("div", { class: "spread" }, badges, h("div", { class: "row" }, button("Edit", "edit", edit), button("Retire", "trash", retire))), text, measured);

  function show(next, card) {
    assertion = next;
    fill(badges, kindBadge(assertion), card?.assertion_id === assertion.id && badge("good", "check", "Stands for the criterion"), assertion.is_behind && badge("warn", "clock", "Written for earlier words"), assertion.source === "suggested" && h("span", { class: "small muted" }, "written by a model"));
    const found = card?.assertions.find((one) => one.assertion_id === assertion.id);
    measured.textContent = assertion.n_judged ? `Asked about ${count(assertion.n_judged, "row")}. ${found ? measuresWords(found) : ""}` : "Not run yet.";
  }

  return { element, show };
}
