/* The alignment card: how far a judge agrees with people, in numbers and in plain words.
 *
 *   const card = agreementCard({onCell: (cell | null) => ..., dataset})
 *       card.element; card.show(agreement, {isFinal}) (the answer of GET /evaluations/{id}/agreement);
 *       card.choose(cell | null) marks the cell by which a list beside it is filtered
 *   agreementWord(kappa) -> "fair"
 *
 * It is drawn once and then updated in place: numbers change while somebody may have the focus in it.
 */

import { intervalBar } from "../kit/chart.js";
import { fill, h } from "../kit/dom.js";
import { NONE, count, number, signed } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { measures } from "./measures.js";

const WORDS = [
  [0, "none beyond chance"],
  [0.2, "slight"],
  [0.4, "fair"],
  [0.6, "moderate"],
  [0.8, "substantial"],
];
export const CELLS = {
  tp: { word: "Caught", what: "bad outputs that the judge failed" },
  fn: { word: "Missed", what: "bad outputs that the judge passed" },
  fp: { word: "Wrongly failed", what: "good outputs that the judge failed" },
  tn: { word: "Rightly passed", what: "good outputs that the judge passed" },
  unparseable: { word: "No verdict", what: "labelled rows on which the judge gave none; they agree with nobody" },
};

export function agreementWord(kappa) {
  return WORDS.find(([most]) => kappa <= most)?.[1] ?? "almost perfect";
}

export function agreementCard({ onCell }) {
  const head = headline();
  const scale = comparison();
  const table = confusionTable(onCell);
  const detail = measures();
  const since = h("p", { class: "small" });
  const element = h(
    "section",
    { class: "card agreement", "aria-labelledby": "agreement-title" },
    h("div", { class: "agreement-kappa stack" }, h("h3", { id: "agreement-title" }, "Agreement with people"), head.element, scale.element, about()),
    h("div", { class: "agreement-table stack" }, h("h3", {}, "Where they agree and where not"), table.element, since),
    h("div", { class: "agreement-measures stack" }, h("h3", {}, "What it would mean in use"), detail.element),
  );
  return {
    element,
    choose: table.choose,
    show(found, { isFinal = true } = {}) {
      head.show(found, isFinal);
      scale.show(found, isFinal);
      table.show(found.confusion);
      detail.show(found);
      since.textContent = changes(found.as_of);
    },
  };
}

/* --- kappa ------------------------------------------------------------------------------------------- */

function headline() {
  const value = h("span", { class: "kappa-value" });
  const between = h("span", { class: "kappa-interval" });
  const word = h("p", {});
  const element = h("div", { class: "stack tight" }, h("p", { class: "kappa" }, h("span", { class: "visually-hidden" }, "Kappa "), value, between), word);

  function show({ kappa, n, judged }, isFinal) {
    const known = kappa.value !== null;
    value.textContent = known ? number(kappa.value, 2) : NONE;
    between.textContent = known && kappa.low !== null ? `${number(kappa.low, 2)} to ${number(kappa.high, 2)}` : "";
    const rows = isFinal ? `on ${count(n, "labelled row")}` : `on the ${count(n, "labelled row")} judged so far`;
    if (!n) word.textContent = judged ? "None of the judged rows has a label." : "No row is judged yet.";
    else if (known) fill(word, h("strong", {}, sentence(`${agreementWord(kappa.value)}${kappa.value > 0 ? " agreement" : ""}`)), ` ${rows}`);
    else word.textContent = `Not defined ${rows}: ${kappa.undefined ?? "all labels, or all verdicts, are of one class"}.`;
  }
  return { element, show };
}

/* The judge beside what can be asked of it at most (people among themselves) and at least (a cheap classifier). */
function comparison() {
  const rows = { judge: line("The judge"), people: line("People among themselves"), cheap: line("A cheap classifier") };
  const element = h("dl", { class: "scale" }, Object.values(rows).map((row) => row.element));

  function show({ kappa, human_agreement: people, supervised_baseline: cheap }, isFinal) {
    rows.judge.show(kappa, "");
    const pair = people?.ceiling;
    rows.people.show(
      { value: pair?.kappa ?? null, low: null, high: null },
      pair ? `${pair.annotators.join(" and ")}, on ${count(pair.n, "row")}. A judge can hardly be asked for more.` : "Not known: it takes 20 rows that two people have labelled.",
    );
    rows.cheap.show(cheap?.kappa ?? { value: null }, cheap ? versus(cheap) : isFinal ? "Not measured: it takes more labels." : "Measured when all rows are judged.");
  }
  return { element, show };
}

function line(name) {
  const picture = h("span", { class: "scale-picture" });
  const value = h("span", { class: "tabular scale-value" });
  const note = h("dd", { class: "hint" });
  const element = h("div", { class: "scale-line" }, h("dt", {}, name), h("dd", { class: "scale-number" }, picture, value), note);
  return {
    element,
    show(found, text) {
      fill(picture, intervalBar(found, { low: -0.2, high: 1, label: name }));
      value.textContent = number(found.value, 2);
      note.textContent = text;
      note.hidden = !text;
    },
  };
}

function versus({ judge_gain: gain, n }) {
  const what = `It counts words and asks no language model; measured on ${count(n, "row")}, each of which it was not fitted on.`;
  if (typeof gain?.value !== "number") return what;
  const [low, high] = [gain.low, gain.high].map((value) => number(Math.abs(value), 2)).sort();
  const crosses = gain.low <= 0 && gain.high >= 0;
  const range = typeof gain.low !== "number" ? "" : crosses ? ` (${signed(gain.low)} to ${signed(gain.high)})` : ` (${low} to ${high})`;
  const side = gain.value < 0 ? "below" : "above";
  const worth = gain.high < 0 ? " A judge that loses to it is not worth its price." : "";
  return `${what} The judge is ${number(Math.abs(gain.value), 2)} ${side} it${range}.${worth}`;
}

function about() {
  return h(
    "details",
    { class: "small" },
    h("summary", {}, "What is kappa?"),
    h(
      "div",
      { class: "stack tight" },
      h("p", {}, "The share of rows on which judge and people agree, beyond what chance alone would give: 1 is perfect, 0 is what guessing gives, below 0 is worse than guessing. A judge that passes everything has 0, however many good outputs there are."),
      h("p", {}, "The numbers beside it are a 95 % interval: with other rows of the same kind, kappa would mostly lie in it. More labels make it narrower."),
      h("p", {}, "The words (slight, fair, moderate, substantial) are Landis and Koch's of 1977. What people reach among themselves is the better yardstick."),
    ),
  );
}

/* --- the confusion table ------------------------------------------------------------------------------ */

function confusionTable(onCell) {
  let chosen = null;
  const buttons = Object.fromEntries(["tp", "fn", "fp", "tn", "unparseable_bad", "unparseable_good"].map((name) => [name, cell(name)]));
  const none = [h("th", { scope: "col" }, "No verdict"), buttons.unparseable_bad.element, buttons.unparseable_good.element];
  const element = h(
    "table",
    { class: "confusion" },
    h("caption", { class: "visually-hidden" }, "Rows by people's label and the judge's verdict. Each cell filters the list."),
    h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, "Judge: fail"), h("th", { scope: "col" }, "Judge: pass"), none[0])),
    h(
      "tbody",
      {},
      h("tr", {}, h("th", { scope: "row" }, "People: fail"), buttons.tp.element, buttons.fn.element, none[1]),
      h("tr", {}, h("th", { scope: "row" }, "People: pass"), buttons.fp.element, buttons.tn.element, none[2]),
    ),
  );

  function cell(name) {
    const filter = name.startsWith("unparseable") ? "unparseable" : name;
    const { word, what } = CELLS[filter];
    const n = h("span", { class: "cell-count" });
    const words = [h("span", { class: "cell-word" }, name === "tp" || name === "tn" ? icon("equal") : filter === "unparseable" ? icon("question") : icon("unequal"), word), h("span", { class: "visually-hidden" }, `: ${what}`)];
    const press = () => {
      choose(chosen === filter ? null : filter);
      onCell(chosen);
    };
    const button = h("button", { type: "button", class: "cell", "aria-pressed": "false", title: `${sentence(what)}. Shows only these.`, on: { click: press } }, n, words);
    return { element: h("td", { data: { cell: name } }, button), button, n, filter };
  }

  function choose(filter) {
    chosen = filter;
    for (const one of Object.values(buttons)) one.button.setAttribute("aria-pressed", String(one.filter === filter));
  }

  function show(confusion) {
    for (const [name, one] of Object.entries(buttons)) one.n.textContent = number(confusion[name]);
    const hasNone = confusion.unparseable_bad + confusion.unparseable_good > 0;
    none.forEach((node) => (node.hidden = !hasNone));
  }
  return { element, show, choose };
}

function changes({ changed, added, withdrawn, not_judged: notJudged }) {
  const parts = [
    changed && `${count(changed, "label")} changed`,
    added && `${count(added, "label")} added`,
    withdrawn && `${count(withdrawn, "label")} withdrawn`,
  ].filter(Boolean);
  const since = parts.length ? `${parts.join(", ")} since the rows were judged: this card counts the labels as they are now.` : "";
  const rest = notJudged ? `${count(notJudged, "labelled row")} ${notJudged === 1 ? "has" : "have"} no verdict here.` : "";
  return [since, rest].filter(Boolean).join(" ");
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

