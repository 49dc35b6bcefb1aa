/* One verdict beside people's label: closed a line, open the texts, both reasons, and a way to change the label.
 *
 *   const one = verdictRow(context, {dataset, row, onRelabelled: (row) => ...})
 *       one.element, one.row(), one.focus(), one.close()
 */

import { fill, h } from "../../kit/dom.js";
import { percent } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { badge, labelBadge, verdictBadge } from "../../parts/badge.js";
import { relabelling } from "./relabel.js";

const START_CHARS = 240;
let made = 0;

export function verdictRow(context, { dataset, row: first, onRelabelled }) {
  const id = `verdict-${(made += 1)}`;
  let row = first;
  let isOpen = false;
  let judge = null;
  const head = h("span", { class: "verdict-head" });
  const button = h("button", { type: "button", class: "verdict-button", "aria-expanded": "false", "aria-controls": id, on: { click: toggle } }, head, icon("chevron-down"));
  const inside = h("div", { id, class: "verdict-body", hidden: true });
  const element = h("li", { class: "verdict" }, button, inside);

  function toggle() {
    isOpen = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    inside.hidden = !isOpen;
    if (isOpen) draw();
    else fill(inside);
  }

  function draw() {
    const { input, output } = row;
    const change = relabelling(context, { dataset, row, onSaved: saved });
    judge = h("section", { class: "stack tight" });
    fill(judge, judgeSide(row));
    fill(
      inside,
      h("div", { class: "columns" }, textBox("Input", input), textBox("Output", output)),
      h("div", { class: "columns" }, judge, change.people),
      change.element,
    );
  }

  function saved(next) {
    row = next;
    drawHead();
    fill(judge, judgeSide(row));
    onRelabelled(row);
  }

  function drawHead() {
    const { label, verdict, failure, output } = row;
    fill(
      head,
      agreementBadge(row),
      h("span", { class: "verdict-says" }, h("span", { class: "muted" }, "People"), labelBadge(label)),
      h("span", { class: "verdict-says" }, h("span", { class: "muted" }, "Judge"), label ? verdictBadge(verdict, failure) : badge("none", "minus", "Hidden")),
      h("span", { class: "verdict-start" }, output.slice(0, START_CHARS)),
    );
    element.dataset.agrees = String(row.agrees);
  }

  drawHead();
  return { element, row: () => row, focus: () => (button.focus(), button.scrollIntoView({ block: "nearest" })), close: () => isOpen && (toggle(), button.focus()) };
}

function agreementBadge({ agrees, label, label_changed: changed }) {
  const mark = changed && h("span", { class: "visually-hidden" }, " (label changed since)");
  if (agrees === true) return h("span", { class: "verdict-agrees" }, badge("good", "equal", "Agree"), mark);
  if (agrees === false) return h("span", { class: "verdict-agrees" }, badge("bad", "unequal", "Mismatch"), mark);
  return h("span", { class: "verdict-agrees" }, label ? badge("warn", "question", "No verdict") : badge("none", "minus", "No label"));
}

function textBox(name, text) {
  return h("section", { class: "stack tight" }, h("h4", {}, name), h("div", { class: "text reading", tabindex: "0", role: "region", "aria-label": name }, text || h("em", { class: "muted" }, "Empty")));
}

function judgeSide({ label, verdict, failure, message, rationale, fail_probability: fail }) {
  if (!label) return [h("h4", {}, "The judge"), h("p", { class: "muted" }, "Its verdict is shown when the row is labelled, so that it sways nobody.")];
  const sure = typeof fail === "number" && h("span", { class: "muted small" }, `${percent(fail)} for fail`);
  const words = verdict ? rationale || h("em", { class: "muted" }, "It gave no reason.") : (message ?? "It gave no verdict.");
  return [h("h4", { class: "row" }, "The judge", verdictBadge(verdict, failure), sure), h("p", { class: "text" }, words)];
}
