/* What pass means, read and rewritten in place. */

import { fill, h } from "../../kit/dom.js";
import { icon } from "../../kit/icons.js";
import { at } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { problem } from "../../parts/notice.js";

export function criterionCard(dataset, context, refresh) {
  const card = h("section", { class: "card stack", "aria-labelledby": "criterion-title" });
  const edit = h("button", { type: "button", class: "button small", on: { click: write } }, icon("edit"), "Edit");
  const head = h("div", { class: "spread" }, h("h2", { id: "criterion-title" }, "What pass means"), edit);
  const read = () => fill(card, head, h("div", { class: "text" }, dataset.criterion));

  function write() {
    const area = h("textarea", {
      rows: 12,
      maxlength: 20000,
      "aria-labelledby": "criterion-title",
      value: dataset.criterion,
    });
    const trouble = h("div", {});
    const save = async (event) => {
      event.preventDefault();
      if (!area.value.trim())
        return void fill(
          trouble,
          h("p", { class: "wrong", role: "alert" }, "The judge has only your words to go by: they cannot be empty."),
        );
      try {
        await context.api.patch(
          at`/datasets/${dataset.id}`,
          { criterion: area.value.trim() },
          { signal: context.signal },
        );
        toast("Saved. Judges that are evaluated from now on get these words.", { kind: "good" });
        await refresh();
        document.querySelector("[aria-labelledby=criterion-title] button")?.focus();
      } catch (error) {
        if (!context.signal.aborted) fill(trouble, problem(error));
      }
    };
    const cancel = () => {
      read();
      edit.focus();
    };
    const buttons = [
      h("button", { type: "submit", class: "button primary" }, "Save"),
      h("button", { type: "button", class: "button", on: { click: cancel } }, "Cancel"),
    ];
    fill(
      card,
      h("h2", { id: "criterion-title" }, "What pass means"),
      h("form", { class: "stack", on: { submit: save } }, area, trouble, h("div", { class: "row" }, buttons)),
    );
    area.focus();
  }

  read();
  return card;
}
