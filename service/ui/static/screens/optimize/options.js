/* The settings of each strategy, as the API lists them.
 *
 *   const options = optionFields(strategies, onChange)
 *       options.of(name)     a <details> with a field for each, or null where there are none
 *       options.value(name)  those that were changed, for a request
 */

import { h } from "../../kit/dom.js";
import { field } from "../../parts/model.js";

export function optionFields(strategies, onChange) {
  const inputs = new Map(strategies.map(({ name, options }) => [name, (options ?? []).filter(isSimple).map((option) => ({ option, input: inputOf(option, onChange) }))]));
  return {
    of(name) {
      const own = inputs.get(name);
      if (!own.length) return null;
      return h("details", { class: "small" }, h("summary", {}, "Its settings"), h("div", { class: "options" }, own.map(({ option, input }) => field(words(option.name), input, option.summary))));
    },
    value(name) {
      const changed = inputs.get(name).filter(({ option, input }) => input.value.trim() !== shown(option.default));
      return Object.fromEntries(changed.map(({ option, input }) => [option.name, read(option, input.value.trim())]));
    },
  };
}

function isSimple({ default: usual }) {
  return usual === null || typeof usual === "number" || typeof usual === "string";
}

function inputOf({ default: usual }, onChange) {
  const isNumber = typeof usual === "number";
  return h("input", { type: isNumber ? "number" : "text", step: isNumber ? "any" : null, value: shown(usual), autocomplete: "off", on: { input: onChange } });
}

function shown(value) {
  return value === null ? "" : String(value);
}

function read({ default: usual }, text) {
  if (text === "") return null;
  return typeof usual === "number" || (usual === null && text !== "" && !Number.isNaN(Number(text))) ? Number(text) : text;
}

function words(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
