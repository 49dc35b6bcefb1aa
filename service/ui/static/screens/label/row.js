/* The row on the screen: its texts side by side, the note, the buttons, and, once labelled, what others say.
 *
 *   view.show(row, text, note)     text may be missing yet
 *   view.showed(id, event)         whether the row's text was on the screen when the event happened
 *   view.mark(row)                 after its label or mark changed
 *   view.refuse()                  a press came before there was anything to read
 */

import { announce } from "../../kit/announce.js";
import { fill, h } from "../../kit/dom.js";
import { labelBadge, badge } from "../../parts/badge.js";
import { problem } from "../../parts/notice.js";
import { decisions } from "./decisions.js";
import { markedSides } from "./differences.js";
import { whatOthersSay } from "./others.js";

const ROOM_PX = 64; // of the page's header
const BLINK_MS = 30; // nobody reads faster; a key that bounces does

export function createRowView({
  dataset,
  criteria,
  annotator,
  work,
  onSay,
  onSkip,
  onFlag,
  onUndo,
  onStep,
  onNote,
  onNoteDone,
  onSettle,
}) {
  const shown = { id: null, at: Infinity, text: null };
  let differences = false;

  const title = h("h2", { id: "row-title", class: "tabular" });
  const badges = h("span", { class: "row" });
  const toggle = h(
    "button",
    {
      type: "button",
      class: "button small",
      "aria-pressed": "false",
      title: "Differences between input and output: M",
      on: { click: toggleDifferences },
    },
    "Mark differences",
  );
  const input = h("div", { class: "text" });
  const output = h("div", { class: "text" });
  const note = h("textarea", {
    id: "note",
    rows: 2,
    maxlength: 20000,
    placeholder: "Why? Your words teach the judge.",
    on: { input: () => onNote(note.value), change: onNoteDone },
  });
  const others = h("div", {});
  const trouble = h("div", {});
  const buttons = decisions({ onSay, onSkip, onFlag, onUndo, onStep });
  const pane = (name, text) => h("article", { class: "card pane", "aria-label": name }, h("h3", {}, name), text);
  const node = h(
    "section",
    { class: "row-view", "aria-labelledby": "row-title" },
    h("div", { class: "spread" }, h("div", { class: "row" }, title, badges), toggle),
    trouble,
    h("div", { class: "panes" }, pane("Input", input), pane("Output", output)),
    h(
      "details",
      { class: "criterion" },
      h("summary", {}, "What pass means"),
      h("div", { class: "text card" }, dataset.criterion),
    ),
    criteria.element,
    others,
    h(
      "div",
      { class: "decide" },
      h("div", { class: "note" }, h("label", { class: "visually-hidden", for: "note" }, "Note on why"), note),
      buttons.node,
    ),
  );

  function show(row, text, words) {
    trouble.replaceChildren();
    if (!row) return void nothing();
    const isOther = shown.id !== row.id;
    const isNew = isOther || shown.text !== text;
    if (isNew && text && shown.text?.id !== text.id) shown.at = performance.now();
    if (!text) shown.at = Infinity;
    Object.assign(shown, { id: row.id, text: text ?? null });
    fill(title, `Row ${row.number}`, h("span", { class: "muted" }, ` of ${work.rows.length} · ${row.id}`));
    if (isNew) drawTexts();
    if (document.activeElement !== note || note.dataset.row !== row.id) note.value = words;
    note.dataset.row = row.id;
    node.toggleAttribute("data-empty", false);
    mark(row);
    if (isOther) criteria.show(row.id);
    if (isOther) toTheTop();
  }

  /* A new row is read from its beginning; where that is on the screen already nothing moves. In the frame's own
   * time: the layout is worked out then anyway. */
  function toTheTop() {
    requestAnimationFrame(() => {
      const { top } = node.getBoundingClientRect();
      if (top < ROOM_PX) window.scrollBy(0, top - ROOM_PX);
    });
  }

  function nothing() {
    Object.assign(shown, { id: null, at: Infinity, text: null });
    fill(title, "No row here");
    fill(input, "");
    fill(output, "Choose another filter on the left.");
    badges.replaceChildren();
    others.replaceChildren();
    node.toggleAttribute("data-empty", true);
  }

  function drawTexts() {
    const { text } = shown;
    node.setAttribute("aria-busy", String(!text));
    if (!text) return void [input, output].forEach((place) => fill(place, h("span", { class: "muted" }, "Loading …")));
    const sides = differences ? markedSides(text.input, text.output) : { before: text.input, after: text.output };
    fill(input, sides.before);
    fill(output, sides.after);
  }

  function mark(row) {
    fill(
      badges,
      row.label && labelBadge(row.label),
      row.mark === "flag" && badge("warn", "flag", "Flagged"),
      row.mark === "skip" && badge("none", "skip", "Skipped"),
    );
    buttons.press(row);
    const isOpen = row.label !== null && shown.text?.hidden === false;
    fill(others, isOpen && whatOthersSay(shown.text, row, annotator, onSettle));
  }

  function toggleDifferences() {
    differences = !differences;
    toggle.setAttribute("aria-pressed", String(differences));
    drawTexts();
  }

  return {
    node,
    show,
    mark,
    toggleDifferences,
    showed: (id, event) => shown.id === id && shown.text !== null && event.timeStamp >= shown.at + BLINK_MS,
    refuse() {
      announce("Not labelled: the row had not been on the screen yet", { now: true });
      buttons.blink();
    },
    trouble: (error) => shown.text === null && fill(trouble, problem(error)),
    focusNote: () => note.focus(),
    leaveNote: () => document.activeElement === note && note.blur(),
  };
}
