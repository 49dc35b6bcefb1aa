/* Criteria that are used no more; nothing of them is lost. */

import { h } from "../../kit/dom.js";
import { isAbort } from "../../kit/api.js";
import { count, time } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";

export function retiredList(context, { dataset, criteria, onRestored }) {
  if (!criteria.length) return null;
  const restore = async (criterion, pressed) => {
    pressed.disabled = true;
    try {
      await context.api.post(at`/datasets/${dataset.id}/criteria/${criterion.id}/restore`, { author: context.session.annotator }, { signal: context.signal });
      toast(`“${criterion.name}” is used again.`, { kind: "good" });
      await onRestored();
    } catch (error) {
      pressed.disabled = false;
      if (!isAbort(error)) toast(error.message, { kind: "bad" });
    }
  };
  return h(
    "details",
    {},
    h("summary", {}, count(criteria.length, "retired criterion", "retired criteria")),
    h("ul", { class: "plain stack tight" }, criteria.map((one) => line(one, restore))),
  );
}

function line(criterion, restore) {
  return h(
    "li",
    { class: "card spread" },
    h("div", { class: "grow" }, h("strong", {}, criterion.name), h("p", { class: "small muted text" }, criterion.text), h("p", { class: "small muted" }, "Retired ", time(criterion.retired_at))),
    h("button", { type: "button", class: "button small", "aria-label": `Restore: ${criterion.name}`, on: { click: (event) => restore(criterion, event.currentTarget) } }, icon("undo"), "Restore"),
  );
}
