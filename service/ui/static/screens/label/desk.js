/* The desk of the Label screen: what the keys do, and which parts of the view follow.
 *
 * One press changes the row here at once, goes to the outbox, and shows the next row; nothing waits for the
 * server. A press counts for the row that was on the screen when the key went down, or for none.
 */

import { announce } from "../../kit/announce.js";
import { h } from "../../kit/dom.js";
import { afterFrame } from "../../kit/later.js";
import { at } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { createCriteria } from "./criteria.js";
import { createDisagreements } from "./disagreements.js";
import { createGoal } from "./goal.js";
import { createList } from "./list.js";
import { createNotes } from "./notes.js";
import { aboutPicked, atTheEnd, atTheStart } from "./remarks.js";
import { createRowView } from "./row.js";
import { createSaving } from "./saving.js";
import { createTabs } from "./tabs.js";
import { createTexts } from "./texts.js";
import { orderChoice, toolbar } from "./toolbar.js";
import { createVoice } from "./voice.js";

const AHEAD = 40;
const WORDS = { pass: "Pass", fail: "Fail" };

export function createDesk({ context, dataset, annotator, worklist, work, outbox, picked }) {
  const { api, signal } = context;
  const named = { api, dataset: dataset.id, annotator, signal };

  const notes = createNotes(dataset.id, annotator);
  const texts = createTexts({ ...named, onArrived, onTrouble: (error) => view.trouble(error) });
  const voice = createVoice({ work, texts, notes, send });
  const tabs = createTabs({ ...named, onEntry: took });
  const goal = createGoal({ api, dataset, signal });
  const saving = createSaving({ outbox, signal });
  const disagreements = createDisagreements(named);
  const list = createList({ work, onChoose: goTo });
  const bar = toolbar({ work, picked, onFilter: filter, onList: list.toggle });
  const criteria = createCriteria({ ...named, push: (entry) => outbox.push(entry) });
  const view = createRowView({
    dataset,
    criteria,
    annotator,
    work,
    onSay: say,
    onSkip: skip,
    onFlag: flag,
    onUndo: undo,
    onStep: step,
    onNote: (text) => work.current && notes.put(work.current.id, text),
    onNoteDone: keepNote,
    onSettle: () => voice.settle(work.current),
  });

  const order = orderChoice(worklist, (chosen) => context.go(at`/datasets/${dataset.id}/label`, { order: chosen }));
  const ending = h("div", {});
  const touched = new Set(); // places whose row has changed and that are not drawn anew yet
  const redraw = afterFrame(drawTouched);
  const fetchSoon = afterFrame(fetchAhead);
  const node = h(
    "div",
    { class: "label-desk" },
    h(
      "div",
      { class: "label-top stack tight" },
      h("div", { class: "columns" }, goal.node, h("div", { class: "spread" }, order, saving.node)),
      picked ? aboutPicked(dataset, picked) : atTheStart(worklist),
    ),
    h("div", { class: "label-side" }, bar.node, list.node),
    h("div", { class: "label-main stack" }, ending, view.node),
  );

  function open({ filter: name, row }) {
    if (name ?? picked) work.setFilter(name ?? "picked");
    const start = row ? work.find(row) : work.nextToLabel(-1);
    work.go(start === -1 ? (work.shown[0] ?? -1) : start);
    fetchAhead(); // on its way while the list is drawn
    list.fillIn();
    bar.update();
    showCurrent();
    bindKeys();
    outbox.listen(onOutbox, signal);
    signal.addEventListener("abort", keepNote);
    performance.mark("label-interactive");
  }

  // --- going about ---

  function fetchAhead() {
    texts.want(work.ahead(AHEAD).map((place) => work.rows[place].id));
  }

  function showCurrent() {
    const row = work.current;
    if (row && !texts.get(row.id)) fetchAhead();
    else fetchSoon();
    list.select();
    view.show(row, row && texts.get(row.id), row && notes.of(row.id, texts.get(row.id)));
    if (row?.label && texts.get(row.id) && !texts.isWhole(row.id)) texts.renew(row.id);
  }

  function onArrived(id) {
    if (id === work.current?.id) view.show(work.current, texts.get(id), notes.of(id, texts.get(id)));
  }

  function goTo(place) {
    keepNote();
    work.go(place);
    showCurrent();
  }

  function step(by) {
    keepNote();
    if (work.step(by)) showCurrent();
    else announce(by > 0 ? "This is the last row" : "This is the first row");
  }

  function filter(name) {
    keepNote();
    work.setFilter(name);
    list.refilter();
    showCurrent();
  }

  function nextUnlabelled() {
    const place = work.nextToLabel();
    if (place === -1) announce("Every row here has your label");
    else goTo(place);
  }

  async function nextDisagreement() {
    try {
      const places = await disagreements.places(work, texts);
      if (signal.aborted) return;
      if (places.length) goTo(places.find((place) => place > work.at) ?? places[0]);
      else toast(disagreements.none);
    } catch (error) {
      if (!signal.aborted) toast(`Disagreements could not be asked for: ${error.message}`, { kind: "bad" });
    }
  }

  // --- saying something ---

  /* Calls `run` with the row that was on the screen when `event` happened, if its text was there. */
  function onRow(event, run) {
    const row = work.current;
    if (row && view.showed(row.id, event)) counted(row, () => run(row));
    else if (row) view.refuse();
  }

  /* The goal follows at once where a row comes to count, or ceases to. */
  function counted(row, run) {
    const before = row.settled;
    run();
    goal.add(Number(row.settled) - Number(before));
  }

  function say(label, event) {
    onRow(event, (row) => {
      voice.label(row, label);
      next(`${WORDS[label]}.`);
    });
  }

  function skip(event) {
    onRow(event, (row) => {
      voice.skip(row);
      next("Skipped.");
    });
  }

  function flag(event) {
    onRow(event, (row) => {
      voice.flag(row);
      announce(row.mark === "flag" ? "Flagged" : "The flag is off");
    });
  }

  function undo() {
    keepNote();
    const place = voice.last();
    if (place === null) return announce("There is nothing to undo");
    counted(work.rows[place], voice.undo);
    work.go(place);
    list.reveal(place);
    ending.replaceChildren();
    showCurrent();
    announce(`Undone: row ${work.current.number}`);
  }

  function keepNote() {
    voice.keepNote(work.current);
  }

  function next(said) {
    const place = work.nextToLabel();
    if (place === -1) ending.replaceChildren(atTheEnd(dataset, work.counts(), work.filter === "picked" && picked));
    else work.go(place);
    showCurrent();
    const where =
      place === -1 ? "Every row here has your label." : `Row ${work.current.number} of ${work.rows.length}.`;
    announce(`${said} ${where}`);
  }

  // --- on its way ---

  function send(entry) {
    outbox.push(entry);
    tabs.tell(entry);
    took(entry);
  }

  function took(entry) {
    work.apply(entry);
    touched.add(work.find(entry.row));
    redraw();
  }

  function drawTouched() {
    touched.forEach(list.update);
    if (touched.has(work.at)) view.mark(work.current);
    touched.clear();
    bar.update();
  }

  function onOutbox({ kind, entry, answer, error }) {
    if (kind === "refused") refused(entry, error);
    if (kind !== "saved") return;
    if (entry.kind.endsWith("label")) goal.refreshSoon();
    if (entry.kind === "label") texts.learn(entry.row, answer);
    if (entry.row === work.current?.id && work.current.label) texts.renew(entry.row);
  }

  /* The row shows what the server has: nothing of this. */
  function refused(entry, error) {
    const row = work.rows[work.find(entry.row)];
    toast(`Row ${row?.number ?? ""} (${entry.row}) was not saved: ${error.message}`, { kind: "bad" });
    if (entry.kind === "label") took({ kind: "unlabel", row: entry.row });
    if (entry.kind === "mark") took({ kind: "unmark", row: entry.row });
    goal.refreshSoon();
  }

  function bindKeys() {
    context.keys.bind(
      [
        { key: "p", label: "Pass, and go on", run: (event) => say("pass", event) },
        { key: "f", label: "Fail, and go on", run: (event) => say("fail", event) },
        { key: "s", label: "Skip: it comes again at the end", run: skip },
        { key: ["u", "backspace"], label: "Undo, and return to that row", run: undo },
        { key: "n", label: "Write a note on why", run: view.focusNote },
        { key: "escape", label: "Leave the note", run: view.leaveNote, inFields: true },
        { key: "x", label: "Flag, so that somebody looks at it", run: flag },
        { key: ["j", "arrowdown", "arrowright"], label: "Next row", run: () => step(1) },
        { key: ["k", "arrowup", "arrowleft"], label: "Row before", run: () => step(-1) },
        { key: "g", label: "Next row without your label", run: nextUnlabelled },
        { key: "d", label: "Next row where others or a judge see it differently", run: nextDisagreement },
        { key: "m", label: "Mark differences between input and output", run: view.toggleDifferences },
      ],
      { signal, group: "Labelling" },
    );
  }

  return { node, open };
}
