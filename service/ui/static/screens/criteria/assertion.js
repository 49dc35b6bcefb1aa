/* The window in which an assertion is written or changed: asked of a model, or a check in code.
 *
 *   await writeAssertion(context, dataset, criterion)             -> the new one, or null
 *   await editAssertion(context, dataset, criterion, assertion)   -> the one in its place, or null
 */

import { h } from "../../kit/dom.js";
import { at } from "../../kit/paths.js";
import { choices } from "../../parts/choices.js";
import { formDialog } from "../../parts/form-dialog.js";
import { field } from "../../parts/model.js";
import { checkFields, refusal } from "./check.js";

export function writeAssertion(context, dataset, criterion) {
  const asked = promptFields();
  const check = checkFields(context, { dataset });
  const kind = choices({
    name: "assertion-kind",
    legend: "Who tells?",
    value: "prompt",
    options: [
      { value: "prompt", word: "A model is asked", text: "It reads the criterion, your further words, and the row. One call a row.", more: asked.element },
      { value: "check", word: "A check in code", text: "An expression over the row's texts that is true where the output does it. Costs nothing.", more: check.element },
    ],
  });
  const send = async () => {
    const chosen = kind.value() === "check" ? check : asked;
    const body = { criterion_id: criterion.id, kind: kind.value(), ...chosen.value(), ...authorOf(context) };
    return chosen.wrong() || context.api.post(at`/datasets/${dataset.id}/assertions`, body, { signal: context.signal });
  };
  return formDialog({ title: `An assertion for “${criterion.name}”`, content: kind.element, action: "Add the assertion", send, wide: true, refused: (error) => refusal(error, check.value().text) });
}

export function editAssertion(context, dataset, criterion, assertion) {
  const fields = assertion.kind === "check" ? checkFields(context, { dataset, text: assertion.text }) : promptFields(assertion);
  const intro = h("p", { class: "muted" }, "What it says instead is a new assertion in its place: it is run anew, and the old one's verdicts are kept.");
  const send = async () => fields.wrong() || context.api.patch(at`/datasets/${dataset.id}/assertions/${assertion.id}`, { ...fields.value(), ...authorOf(context) }, { signal: context.signal });
  return formDialog({ title: `Change an assertion for “${criterion.name}”`, content: [intro, fields.element], action: "Save the change", send, wide: true, refused: (error) => refusal(error, fields.value().text) });
}

function promptFields({ text = "", reasoning = true } = {}) {
  const words = h("textarea", { rows: 3, maxlength: 20000, value: text, placeholder: "Fail it if the reply promises a refund." });
  const reasons = h("input", { type: "checkbox", checked: reasoning });
  return {
    element: h("div", { class: "stack" }, field("Further words for the model", words, "May stay empty: then the criterion is asked as it stands."), h("label", { class: "check" }, reasons, h("span", {}, "It writes its reasons before the verdict"))),
    value: () => ({ text: words.value.trim(), reasoning: reasons.checked }),
    wrong: () => "",
  };
}

const authorOf = ({ session }) => (session.annotator ? { author: session.annotator } : {});
