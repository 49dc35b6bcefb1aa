/* The windows in which a criterion is written, restated, split, or retired.
 *
 *   await writeCriterion(context, dataset)               -> the new criterion, or null
 *   await editCriterion(context, dataset, criterion)     -> its new version, or null
 *   await splitCriterion(context, dataset, criterion)    -> {retired, into}, or null
 *   await retireCriterion(context, dataset, criterion)   -> the retired one, or null
 *   criterionFields({name, text}) -> {nodes, value(), wrong()}   the two fields that all of them have
 */

import { fill, h } from "../../kit/dom.js";
import { icon } from "../../kit/icons.js";
import { at, href } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { formDialog } from "../../parts/form-dialog.js";
import { field } from "../../parts/model.js";

export function criterionFields({ name = "", text = "" } = {}) {
  const names = h("input", { type: "text", maxlength: 200, value: name, autocomplete: "off", placeholder: "Its first words, if left empty" });
  const texts = h("textarea", { rows: 4, maxlength: 4000, value: text, placeholder: "The reply answers what was asked." });
  return {
    nodes: [field("What a good output does", texts, "One thing, so that one can say of any output whether it does it."), field("Short name", names)],
    value: () => ({ text: texts.value.trim(), ...(names.value.trim() ? { name: names.value.trim() } : {}) }),
    wrong: () => (texts.value.trim() ? "" : "Say what a good output does."),
  };
}

const noteField = (label, hint) => {
  const input = h("input", { type: "text", maxlength: 2000, autocomplete: "off" });
  return { node: field(label, input, hint), value: () => (input.value.trim() ? { note: input.value.trim() } : {}) };
};

const authorOf = ({ session }) => (session.annotator ? { author: session.annotator } : {});

export function writeCriterion(context, dataset) {
  const fields = criterionFields();
  const send = async () => fields.wrong() || context.api.post(at`/datasets/${dataset.id}/criteria`, { ...fields.value(), source: "written", ...authorOf(context) }, { signal: context.signal });
  return formDialog({ title: "A new criterion", content: fields.nodes, action: "Add the criterion", send });
}

export async function editCriterion(context, dataset, criterion) {
  const fields = criterionFields(criterion);
  const note = noteField("Why is it changed?", "Stands in its history.");
  const send = async () => fields.wrong() || context.api.patch(at`/datasets/${dataset.id}/criteria/${criterion.id}`, { ...fields.value(), ...note.value(), ...authorOf(context) }, { signal: context.signal });
  const changed = await formDialog({ title: `Change “${criterion.name}”`, content: [fields.nodes, note.node], action: "Save the change", send });
  if (changed && changed.text !== criterion.text) tellOfDoubt(context, dataset, changed);
  return changed;
}

function tellOfDoubt(context, dataset, { id, version }) {
  const look = { label: "See the labels in doubt", run: () => (location.hash = href(at`/datasets/${dataset.id}/criteria/again`, { criterion: id })) };
  toast(`Saved as version ${version}. Its prompts ask about the new words from the next run on, and earlier labels may be in doubt.`, { kind: "good", action: look, stays: true });
}

export function splitCriterion(context, dataset, criterion) {
  const parts = [criterionFields({ text: criterion.text }), criterionFields()];
  const place = h("div", { class: "stack" });
  const draw = () => fill(place, parts.map((part, i) => h("fieldset", { class: "card stack tight" }, h("legend", {}, `Part ${i + 1}`), part.nodes)));
  const add = h("button", { type: "button", class: "button small", on: { click: () => (parts.push(criterionFields()), draw()) } }, icon("plus"), "One more part");
  const send = async () => {
    const empty = parts.findIndex((part) => part.wrong());
    if (empty !== -1) return `Part ${empty + 1} says nothing yet.`;
    return context.api.post(at`/datasets/${dataset.id}/criteria/${criterion.id}/split`, { into: parts.map((part) => part.value()), ...authorOf(context) }, { signal: context.signal });
  };
  draw();
  const intro = h("p", {}, "Each part becomes a criterion of its own. This one is retired, with its assertions and labels, and can be restored.");
  return formDialog({ title: `Split “${criterion.name}”`, content: [intro, place, h("div", {}, add)], action: "Split it", send, wide: true });
}

export function mergeCriteria(context, dataset, criteria) {
  const fields = criterionFields({ text: criteria.map((one) => one.text).join("\n") });
  const intro = h("p", {}, "One criterion takes their place. They are retired, with their assertions and labels, and can be restored.");
  const send = async () => fields.wrong() || context.api.post(at`/datasets/${dataset.id}/criteria/merge`, { criteria: criteria.map((one) => one.id), ...fields.value(), ...authorOf(context) }, { signal: context.signal });
  return formDialog({ title: `Merge ${criteria.map((one) => `“${one.name}”`).join(" and ")}`, content: [intro, fields.nodes], action: "Merge them", send });
}

export function retireCriterion(context, dataset, criterion) {
  const note = noteField("Why?", "Stands in its history.");
  const intro = h("p", {}, "It is used no more: in no run, number or set. Nothing of it is lost, and it can be restored.");
  const send = () => context.api.post(at`/datasets/${dataset.id}/criteria/${criterion.id}/retire`, { ...note.value(), ...authorOf(context) }, { signal: context.signal });
  return formDialog({ title: `Retire “${criterion.name}”?`, content: [intro, note.node], action: "Retire it", send });
}
