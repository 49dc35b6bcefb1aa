/* Taking the rows away as a file, adding more, and removing all of it. */

import { h } from "../../kit/dom.js";
import { confirm } from "../../kit/dialog.js";
import { count } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { READ } from "../../parts/file-drop.js";

export function keeping(dataset, context, refresh) {
  const file = (format) =>
    h(
      "a",
      { class: "button", href: context.api.url(at`/datasets/${dataset.id}/export`, { format }), download: true },
      icon("download"),
      `Export ${format.toUpperCase()}`,
    );
  return h(
    "section",
    { class: "row", "aria-label": "Rows in and out" },
    file("csv"),
    file("jsonl"),
    addRows(dataset, context, refresh),
    h("span", { class: "grow" }),
    h(
      "button",
      { type: "button", class: "button danger", on: { click: () => remove(dataset, context) } },
      icon("trash"),
      "Delete the dataset",
    ),
  );
}

function addRows(dataset, context, refresh) {
  const input = h("input", { type: "file", class: "visually-hidden", accept: READ.join(","), on: { change: add } });
  async function add() {
    const form = new FormData();
    form.append("file", input.files[0]);
    input.value = "";
    try {
      const { added } = await context.api.upload(at`/datasets/${dataset.id}/examples`, form, {
        signal: context.signal,
      });
      toast(`${count(added, "row")} added.`, { kind: "good" });
      await refresh();
    } catch (error) {
      if (!context.signal.aborted) toast(told(error), { kind: "bad" });
    }
  }
  return h("label", { class: "button" }, icon("plus"), "Add rows from a file", input);
}

function told(error) {
  const [first] = error.body?.problems ?? [];
  const where = first ? ` Line ${first.line}, ${first.column}: ${first.message}.` : "";
  return `No row was added: ${error.message}.${where}`.replaceAll("..", ".");
}

async function remove(dataset, context) {
  const sure = await confirm({
    title: `Delete “${dataset.name}”?`,
    text: `Its ${count(dataset.examples, "row")}, ${count(dataset.labelled, "label")}, evaluations and runs go with it, also in MLflow. This cannot be taken back; an export can be uploaded again.`,
    action: "Delete",
    danger: true,
  });
  if (!sure) return;
  try {
    await context.api.delete(at`/datasets/${dataset.id}`);
    toast(`“${dataset.name}” was deleted.`);
    context.go("/datasets");
  } catch (error) {
    toast(`It was not deleted: ${error.message}`, { kind: "bad" });
  }
}
