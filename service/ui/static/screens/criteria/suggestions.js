/* What was suggested, each with its reason, to be added or dropped.
 *
 *   suggestions(context, {dataset, answer, source, onAdded}) -> node
 */

import { announce } from "../../kit/announce.js";
import { isAbort } from "../../kit/api.js";
import { h } from "../../kit/dom.js";
import { count } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { badge } from "../../parts/badge.js";
import { notice } from "../../parts/notice.js";
import { rowsLink } from "../../parts/rows-link.js";

export function suggestions(context, { dataset, answer, source, onAdded }) {
  const { suggestions: found, model } = answer;
  if (!found.length) return notice("info", "Nothing new was found", h("p", {}, "What it found is among your criteria already, or its answer could not be read. More notes, a longer prompt or another model may give more."));
  const list = h("ul", { class: "plain stack tight" });
  const head = h("h4", { tabindex: "-1" });
  const all = h("button", { type: "button", class: "button small", on: { click: addAll } }, icon("plus"), "Add all");

  function left() {
    const n = list.children.length;
    head.textContent = n ? `${count(n, "suggestion")}` : "All are dealt with";
    all.hidden = n < 2;
  }

  const drop = (item) => {
    item.remove();
    left();
    (list.querySelector("button") ?? head).focus();
  };

  async function add({ suggestion, text }) {
    const author = context.session.annotator;
    const body = { name: suggestion.name, text: text.value.trim() || suggestion.text, source, note: suggestion.why, ...(author ? { author } : {}) };
    await context.api.post(at`/datasets/${dataset.id}/criteria`, body, { signal: context.signal });
  }

  async function addOne(one, pressed) {
    pressed.disabled = true;
    try {
      await add(one);
      drop(one.element);
      announce(`Added: ${one.suggestion.name}`);
      await onAdded();
    } catch (error) {
      pressed.disabled = false;
      if (!isAbort(error)) toast(`Not added: ${error.message}`, { kind: "bad" });
    }
  }

  async function addAll() {
    all.disabled = true;
    try {
      for (const one of made.filter(({ element }) => element.isConnected)) {
        await add(one);
        one.element.remove();
      }
    } catch (error) {
      if (!isAbort(error)) toast(`Not all were added: ${error.message}`, { kind: "bad" });
    }
    all.disabled = false;
    left();
    head.focus();
    await onAdded();
  }

  const made = found.map((suggestion) => item(dataset, suggestion, { addOne, drop }));
  list.append(...made.map((one) => one.element));
  left();
  const by = h("p", { class: "small muted" }, `By ${model}.`, model === "offline" && " The offline model is a demonstration, not a language model.");
  return h("div", { class: "stack tight" }, h("div", { class: "spread" }, h("div", {}, head, by), all), list);
}

function item(dataset, suggestion, { addOne, drop }) {
  const { name, text: words, why, category, example_ids: ids } = suggestion;
  const text = h("textarea", { rows: 2, maxlength: 4000, value: words, "aria-label": `Text of: ${name}` });
  const one = { suggestion, text, element: null };
  one.element = h(
    "li",
    { class: "card suggestion stack tight" },
    h("div", { class: "spread" }, h("div", { class: "row" }, h("strong", {}, name), category && badge("none", "filter", category.replaceAll("_", " "))), h("div", { class: "row" }, h("button", { type: "button", class: "button small", "aria-label": `Add: ${name}`, on: { click: (event) => addOne(one, event.currentTarget) } }, icon("plus"), "Add"), h("button", { type: "button", class: "button quiet small", "aria-label": `Drop: ${name}`, on: { click: () => drop(one.element) } }, icon("cross"), "Drop"))),
    text,
    why && h("p", { class: "small" }, h("span", { class: "muted" }, "Why: "), why),
    ids.length > 0 && h("p", { class: "small" }, rowsLink(dataset.id, ids, count(ids.length, "row that shows it", "rows that show it"), { what: name })),
  );
  return one;
}
