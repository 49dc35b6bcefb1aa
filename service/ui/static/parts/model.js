/* Which model: the configured one, the offline demonstration, or any other by its name.
 *
 *   const choice = modelChoice({models, label, hint?, usual?, onChange?})
 *       models: the answer of GET /models; usual: {word, name} of the first option ("as in the run")
 *       choice.element; choice.value() -> {model?, api_base?} for a request; choice.name() as a person reads it;
 *       choice.problem() -> what is wrong, or ""
 */

import { fill, h } from "../kit/dom.js";

const OTHER = "other";
const USUAL = "usual";
let made = 0;

export function modelChoice({ models, label, hint = "", usual = null, onChange = () => {} }) {
  const id = `model-${(made += 1)}`;
  const first = usual ?? { word: `${models.judge.name} (configured)`, name: models.judge.name };
  const options = [h("option", { value: USUAL }, first.word)];
  if (first.name !== models.offline.name) options.push(h("option", { value: models.offline.name }, `${models.offline.name} (demonstration)`));
  options.push(h("option", { value: OTHER }, "Another model …"));
  const select = h("select", { id, "aria-describedby": `${id}-note`, on: { change: changed } }, options);
  const note = h("p", { class: "hint", id: `${id}-note` });
  const name = h("input", { type: "text", spellcheck: "false", autocomplete: "off", placeholder: "openai/gpt-4o-mini", on: { input: onChange } });
  const base = h("select", { on: { change: onChange } }, h("option", { value: "" }, "The provider's own address"), models.api_bases.map((address) => h("option", { value: address }, address)));
  const other = h(
    "div",
    { class: "stack", hidden: true },
    field("Name of the model", name, "Provider and model, as in openai/gpt-4o-mini or ollama_chat/qwen3:8b."),
    models.api_bases.length > 0 && field("Address", base, "Addresses that this service's operator allows."),
  );
  const element = h("div", { class: "stack" }, h("div", { class: "field" }, h("label", { class: "label", for: id }, label), select, note), other);

  function changed() {
    other.hidden = select.value !== OTHER;
    fill(note, noteOf());
    onChange();
  }

  function noteOf() {
    const known = [models.judge, models.offline].find((model) => model.name === choice.name());
    const missing = known?.missing && `It needs a key: set ${known.missing} where the service runs.`;
    return missing || (known?.note && `${known.name}: ${known.note}.`) || (select.value === OTHER ? keys(models) : hint);
  }

  const choice = {
    element,
    name: () => (select.value === OTHER ? name.value.trim() : select.value === USUAL ? first.name : select.value),
    value() {
      if (select.value === USUAL) return {};
      return { model: choice.name(), ...(select.value === OTHER && base.value ? { api_base: base.value } : {}) };
    },
    problem() {
      if (select.value !== OTHER) return "";
      return /^[^/\s]+\/\S+$/.test(choice.name()) ? "" : "The model's name has the form provider/model, as in openai/gpt-4o-mini.";
    },
  };
  fill(note, noteOf());
  return choice;
}

function keys({ providers }) {
  const ready = providers.filter((provider) => provider.ready).map((provider) => provider.prefix);
  return ready.length ? `Keys are set for ${ready.join(", ")}.` : "No provider's key is set where the service runs.";
}

export function field(label, control, hint = "") {
  return h("label", { class: "field" }, h("span", { class: "label" }, label), control, hint && h("span", { class: "hint" }, hint));
}
