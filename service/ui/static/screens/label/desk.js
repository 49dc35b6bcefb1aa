/* The desk of the Label screen: what the keys do, and which parts of the view follow.
 *
 * One press changes the row here at once, goes to the outbox, and shows the next row; nothing waits for the
 * server. A press counts for the row that was on the screen when the key went down, or for none.
 */

import { announce } from "../../kit/announce.js";
import { h } from "../../kit/dom.js";
import { count } from "../../kit/format.js";
import { at, href } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { notice } from "../../parts/notice.js";
import { createDisagreements } from "./disagreements.js";
import { createGoal } from "./goal.js";
import { createList } from "./list.js";
import { createNotes } from "./notes.js";
import { createRowView } from "./row.js";
import { createSaving } from "./saving.js";
import { createTabs } from "./tabs.js";
import { createTexts } from "./texts.js";
import { orderChoice, toolbar } from "./toolbar.js";

const AHEAD = 40;
const WORDS = { pass: "Pass", fail: "Fail" };

export function createDesk({ context, dataset, annotator, worklist, work, outbox }) {
  const { api, signal } = context;
  const ids = (places) => places.map((place) => work.rows[place].id);
  const undone = [];
  const settling = new Set(); // rows on which this person said that their label decides

  const notes = createNotes(dataset.id, annotator);
  const texts = createTexts({
    api,
    dataset: dataset.id,
    annotator,
    signal,
    onArrived,
    onTrouble: (error) => view.trouble(error),
  });
  const tabs = createTabs({ dataset: dataset.id, annotator, signal, onEntry: (entry) => took(entry) });
  const goal = createGoal({ api, dataset, signal });
  const saving = createSaving({ outbox, signal });
  const disagreements = createDisagreements({ api, dataset: dataset.id, signal });
  const list = createList({ work, onChoose: goTo });
  const view = createRowView({
    dataset,
    annotator,
    work,
    onSay: say,
    onSkip: skip,
    onFlag: flag,
    onUndo: undo,
    onStep: step,
    onNote: noteWritten,
    onNoteDone: leaveNote,
    onSettle: settle,
  });
  const bar = toolbar({ work, saving, onFilter: filter, onList: () => list.toggle() });
  const finished = h("div", {});

  const node = h(
    "div",
    { class: "label-desk" },
    h(
      "div",
      { class: "label-top stack tight" },
      h("div", { class: "columns" }, goal.node, h("div", { class: "spread" }, order(), saving.node)),
      remarks(worklist),
    ),
    h("div", { class: "label-side" }, bar.node, list.node),
    h("div", { class: "label-main stack" }, finished, view.node),
  );

  function order() {
    return orderChoice(worklist, (chosen) => context.go(at`/datasets/${dataset.id}/label`, { order: chosen }));
  }

  // --- going about ---

  function open({ filter: name, row }) {
    if (name) work.setFilter(name);
    const start = row ? work.find(row) : work.nextToLabel(-1);
    work.go(start === -1 ? (work.shown[0] ?? -1) : start);
    texts.want(ids(work.ahead(AHEAD))); // on its way while the list is drawn
    list.fillIn();
    bar.update();
    showCurrent();
    bindKeys();
    outbox.listen(onOutbox, signal);
    signal.addEventListener("abort", leaveNote);
    performance.mark("label-interactive");
  }

  function goTo(place) {
    leaveNote();
    work.go(place);
    showCurrent();
  }

  function step(by) {
    leaveNote();
    if (work.step(by)) showCurrent();
    else announce(by > 0 ? "This is the last row" : "This is the first row");
  }

  function showCurrent() {
    texts.want(ids(work.ahead(AHEAD)));
    const row = work.current;
    list.select();
    view.show(row, row && texts.get(row.id), row && notes.of(row.id, texts.get(row.id)));
    if (row?.label && texts.get(row.id)?.hidden) texts.renew(row.id);
  }

  function onArrived(id) {
    if (id !== work.current?.id) return;
    view.show(work.current, texts.get(id), notes.of(id, texts.get(id)));
  }

  function filter(name) {
    leaveNote();
    work.setFilter(name);
    list.refilter();
    showCurrent();
  }

  function nextUnlabelled() {
    const place = work.nextToLabel();
    if (place === -1) return announce("Every row here has your label");
    goTo(place);
  }

  async function nextDisagreement() {
    const places = await disagreements
      .places(work, texts, annotator)
      .catch((error) => (toast(error.message, { kind: "bad" }), null));
    if (!places || signal.aborted) return;
    if (!places.length) return void toast(disagreements.none);
    goTo(places.find((place) => place > work.at) ?? places[0]);
  }

  // --- saying something ---

  /* The row on the screen when `event` happened, if its text was there. */
  function rowOf(event) {
    const row = work.current;
    if (row && view.showed(row.id, event)) return row;
    if (row) view.refuse();
    return null;
  }

  function say(label, event) {
    const row = rowOf(event);
    if (!row) return;
    const before = stateOf(row);
    const had = row.settled;
    sendLabel(row, label);
    undone.push(before);
    goal.add(Number(row.settled) - Number(had));
    next(`${WORDS[label]}.`);
  }

  function skip(event) {
    const row = rowOf(event);
    if (!row) return;
    if (row.label === null) {
      undone.push(stateOf(row));
      send({ kind: "mark", row: row.id, body: { kind: "skip" } });
    }
    next("Skipped.");
  }

  function flag(event) {
    const row = rowOf(event);
    if (!row) return;
    undone.push(stateOf(row));
    send(row.mark === "flag" ? { kind: "unmark", row: row.id } : { kind: "mark", row: row.id, body: { kind: "flag" } });
    announce(row.mark === "flag" ? "Flagged" : "The flag is off");
    view.mark(row);
  }

  function undo() {
    const before = undone.pop();
    if (!before) return announce("There is nothing to undo");
    leaveNote();
    const row = work.rows[before.place];
    const had = row.settled;
    restoreLabel(row, before);
    if (row.mark !== before.mark)
      send(before.mark ? { kind: "mark", row: row.id, body: { kind: before.mark } } : { kind: "unmark", row: row.id });
    goal.add(Number(row.settled) - Number(had));
    work.go(before.place);
    list.reveal(before.place);
    showCurrent();
    announce(`Undone: row ${row.number}`);
  }

  function restoreLabel(row, { label, critique }) {
    if (label === row.label && critique === notes.saved(row.id, texts.get(row.id))) return;
    if (label) {
      notes.restore(row.id, critique);
      sendLabel(row, label, critique);
    } else if (row.label) {
      notes.giveBack(row.id, texts.get(row.id));
      send({ kind: "unlabel", row: row.id });
    }
  }

  function settle() {
    const row = work.current;
    settling.add(row.id);
    sendLabel(row, row.label);
  }

  /* A note on a labelled row goes with its label; on another it waits for one. */
  function noteWritten(text) {
    const row = work.current;
    if (row) notes.put(row.id, text);
  }

  function leaveNote() {
    const row = work.current;
    if (row?.label && notes.isChanged(row.id, texts.get(row.id))) sendLabel(row, row.label);
  }

  function stateOf(row) {
    const text = texts.get(row.id);
    return { place: work.at, label: row.label, critique: notes.saved(row.id, text), mark: row.mark };
  }

  function next(said) {
    const place = work.nextToLabel();
    if (place === -1) finish();
    else work.go(place);
    showCurrent();
    announce(
      `${said} ${place === -1 ? "Every row here has your label." : `Row ${work.current.number} of ${work.rows.length}.`}`,
    );
  }

  function finish() {
    const to = href(at`/datasets/${dataset.id}/evaluate`);
    finished.replaceChildren(
      notice(
        "good",
        "Every row here has your label",
        h(
          "p",
          {},
          `${count(work.counts().pass, "pass", "passes")} and ${count(work.counts().fail, "fail")}. Well done.`,
        ),
        h("div", { class: "row" }, h("a", { class: "button primary", href: to }, "See how a judge agrees with you")),
      ),
    );
  }

  function sendLabel(row, label, critique = notes.take(row.id, texts.get(row.id))) {
    const body = { label, critique, picked_by: row.picked_by, adjudicates: settling.has(row.id) };
    send({ kind: "label", row: row.id, body });
  }

  function send(entry) {
    outbox.push(entry);
    tabs.tell(entry);
    took(entry);
  }

  function took(entry) {
    work.apply(entry);
    list.update(work.find(entry.row));
    bar.update();
    if (entry.row === work.current?.id) view.mark(work.current);
  }

  function onOutbox(event) {
    if (event.kind === "refused") refused(event);
    if (event.kind !== "saved") return;
    if (event.entry.kind === "label") goal.refreshSoon();
    if (event.entry.row === work.current?.id && work.current.label) texts.renew(event.entry.row);
  }

  function refused({ entry, error }) {
    const place = work.find(entry.row);
    toast(`Row ${place + 1} (${entry.row}) was not saved: ${error.message}`, { kind: "bad" });
    goal.refreshSoon();
  }

  // --- keys ---

  function bindKeys() {
    context.keys.bind(
      [
        { key: "p", label: "Pass, and go on", run: (event) => say("pass", event) },
        { key: "f", label: "Fail, and go on", run: (event) => say("fail", event) },
        { key: "s", label: "Skip: it comes again at the end", run: skip },
        { key: ["u", "backspace"], label: "Undo, and return to that row", run: undo },
        { key: "n", label: "Write a note on why", run: () => view.focusNote() },
        { key: "escape", label: "Leave the note", run: () => view.leaveNote(), inFields: true },
        { key: "x", label: "Flag, so that somebody looks at it", run: flag },
        { key: ["j", "arrowdown", "arrowright"], label: "Next row", run: () => step(1) },
        { key: ["k", "arrowup", "arrowleft"], label: "Row before", run: () => step(-1) },
        { key: "g", label: "Next row without your label", run: nextUnlabelled },
        { key: "d", label: "Next row where others or a judge see it differently", run: nextDisagreement },
        { key: "m", label: "Mark differences between input and output", run: () => view.toggleDifferences() },
      ],
      { signal, group: "Labelling" },
    );
  }

  return { node, open };
}

function remarks({ reason, counts }) {
  if (reason) return notice("info", null, h("p", {}, sentence(reason)));
  const isSecond = counts.settled === counts.total && counts.labelled_by_you === 0;
  return (
    isSecond &&
    notice(
      "info",
      null,
      h(
        "p",
        {},
        "Every row has a label already. Yours are a second opinion: they show how far people agree, which no judge can be shown to beat.",
      ),
    )
  );
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
