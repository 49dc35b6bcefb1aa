/* What people say on a row, how they came to it, and a form to correct one's own word.
 *
 *   const change = relabelling(context, {dataset, row, onSaved: (row) => ...})
 *       change.people   who says what, with their words
 *       change.element  the form and the history
 */

import { announce } from "../../kit/announce.js";
import { fill, h } from "../../kit/dom.js";
import { time } from "../../kit/format.js";
import { at, href } from "../../kit/paths.js";
import { labelBadge } from "../../parts/badge.js";
import { loading, notice, problem } from "../../parts/notice.js";

const WORDS = { pass: "Pass", fail: "Fail" };
let made = 0;

export function relabelling(context, { dataset, row: first, onSaved }) {
  const { api, signal, session } = context;
  const path = at`/datasets/${dataset.id}/examples/${first.example_id}`;
  const name = `relabel-${(made += 1)}`;
  let row = first;
  const people = h("section", { class: "stack tight" });
  const history = h("details", { class: "small", on: { toggle: () => history.open && !known && load() } }, h("summary", {}, "History of this label"), h("div", {}));
  const said = h("div", { "aria-live": "polite" });
  const critique = h("textarea", { rows: 2, maxlength: 20000, value: row.critique ?? "" });
  const pass = radio("pass");
  const fail = radio("fail");
  const save = h("button", { type: "submit", class: "button" }, "Save the label");
  const form = h(
    "details",
    { open: row.agrees !== true, class: "relabel" },
    h("summary", {}, row.label ? "Is the label wrong?" : "Label this row"),
    h(
      "form",
      { class: "stack tight", on: { submit } },
      h("p", { class: "hint" }, row.label ? "Change it if the label is wrong, not because the judge says so. What was said before is kept." : "Say what you think; then you see the judge's verdict."),
      h("div", {}, h("div", { class: "segments", role: "radiogroup", "aria-label": "The right label" }, pass.label, fail.label)),
      h("label", { class: "field" }, h("span", { class: "label" }, "Why? In your words"), critique),
      h("div", { class: "row" }, save),
    ),
  );
  let known = null; // the row as GET .../examples/{id} tells it

  function radio(value) {
    const input = h("input", { type: "radio", name, value, checked: row.label === value });
    return { input, label: h("label", {}, input, WORDS[value]) };
  }

  async function submit(event) {
    event.preventDefault();
    const label = fail.input.checked ? "fail" : pass.input.checked ? "pass" : null;
    if (!label) return void fill(said, h("p", { class: "wrong" }, "Choose pass or fail."));
    await put({ label, critique: critique.value.trim() || null });
  }

  async function put(word) {
    const annotator = await session.needAnnotator();
    if (!annotator) return;
    save.disabled = true;
    try {
      known = await api.put(`${path}${at`/labels/${annotator}`}`, word, { signal });
      row = withLabel(row, known);
      drawPeople();
      drawHistory();
      outcome(word);
      onSaved(row);
    } catch (error) {
      if (!signal.aborted) fill(said, problem(error));
    } finally {
      save.disabled = false;
    }
  }

  /* One word may be outvoted by others: then it is said, and can be settled. */
  function outcome(word) {
    if (known.label === word.label) {
      const text = row.agrees === null ? `Saved. The label is ${WORDS[word.label]}.` : `Saved. The label is ${WORDS[word.label]}, and the judge ${row.agrees ? "agrees" : "does not agree"}.`;
      fill(said, h("p", {}, text));
      return announce(text);
    }
    const text = known.label ? `More people say ${WORDS[known.label]}, which counts.` : "People are evenly split now, so no label counts on this row.";
    const settle = h("button", { type: "button", class: "button small", on: { click: () => put({ ...word, adjudicates: true }) } }, `Settle it as ${WORDS[word.label]}`);
    fill(said, notice("warn", "Saved as your word", h("p", {}, text), h("div", {}, settle)));
  }

  async function load() {
    fill(history.lastChild, loading());
    try {
      known = await api.get(path, { signal });
      drawPeople();
      drawHistory();
    } catch (error) {
      if (!signal.aborted) fill(history.lastChild, problem(error, { retry: load }));
    }
  }

  function drawPeople() {
    const votes = Object.entries(known?.labels ?? {});
    const words = row.critique ? h("p", { class: "text" }, row.critique) : h("p", { class: "muted" }, row.label ? "Nobody wrote why." : "Nobody has labelled this row.");
    fill(
      people,
      h("h4", { class: "row" }, "People", labelBadge(row.label), row.label_changed && row.label_when_judged && h("span", { class: "muted small" }, `${WORDS[row.label_when_judged]} when it was judged`)),
      words,
      votes.length > 1 && h("ul", { class: "plain small" }, votes.map(([who, vote]) => h("li", { class: "row" }, who, labelBadge(vote.label), vote.critique && vote.critique !== row.critique && h("span", { class: "text" }, vote.critique)))),
    );
  }

  function drawHistory() {
    fill(history.lastChild, h("ol", { class: "plain stack tight" }, known.history.map(event)));
  }

  drawPeople();
  return { people, element: h("div", { class: "stack tight" }, form, said, history, h("p", { class: "small muted" }, "Row ", h("span", { class: "mono" }, row.example_id), " · ", h("a", { href: href(at`/datasets/${dataset.id}/label`, { row: row.example_id }) }, "Open it where you label"))) };
}

function event({ annotator, label, critique, at: when, adjudicates }) {
  const who = annotator ?? "The file";
  return h(
    "li",
    {},
    h("span", { class: "row" }, h("strong", {}, who), label ? ["said", labelBadge(label)] : "took the label back", adjudicates && "and settled it", h("span", { class: "muted" }, time(when))),
    critique && h("p", { class: "text" }, critique),
  );
}

/* The verdict with the label that counts now, as the API would tell it. */
export function withLabel(row, { label, critique }) {
  const before = row.label_changed ? row.label_when_judged : row.label;
  const agrees = label && row.verdict ? label === row.verdict : null;
  return { ...row, label, critique, agrees, cell: cellOf(label, row.verdict), label_changed: label !== before, label_when_judged: label !== before ? before : null };
}

function cellOf(label, verdict) {
  if (!label) return null;
  if (!verdict) return "unparseable";
  if (label === "fail") return verdict === "fail" ? "tp" : "fn";
  return verdict === "fail" ? "fp" : "tn";
}
