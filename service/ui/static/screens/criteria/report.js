/* The report card: what people's labels say of the whole set and of each criterion, with intervals and the rows
 * behind each number. */

import { fill, h } from "../../kit/dom.js";
import { count, number } from "../../kit/format.js";
import { at, href } from "../../kit/paths.js";
import { empty, loading, notice, problem } from "../../parts/notice.js";
import { cardTable } from "./figures.js";

const ROWS = [
  ["report", "Rows that nothing was chosen on"],
  ["all", "All labelled rows but the test's"],
];

export async function showReport(root, context, dataset) {
  const { api, signal, query } = context;
  const place = h("div", { class: "stack" });
  let rows = query.get("rows") === "all" ? "all" : "report";
  const inputs = ROWS.map(([value, word]) => h("label", {}, h("input", { type: "radio", name: "card-rows", value, checked: value === rows, on: { change: () => choose(value) } }), word));
  const head = h("div", { class: "page-head" }, h("div", {}, h("h2", {}, "Report card"), h("p", { class: "muted" }, "How what the criteria say fits what people say. A number leads to its rows.")), h("div", { class: "segments", role: "radiogroup", "aria-label": "Over which rows" }, inputs));

  function choose(value) {
    rows = value;
    context.setQuery({ rows: value === "all" ? "all" : null });
    draw();
  }

  async function draw() {
    const asked = rows;
    fill(place, loading("Reckoning …"));
    try {
      const card = await api.get(at`/datasets/${dataset.id}/card`, { query: { rows: asked }, signal });
      if (asked === rows) fill(place, shown(dataset, card));
    } catch (error) {
      if (!signal.aborted && asked === rows) fill(place, problem(error, { retry: draw }));
    }
  }

  fill(root, head, place);
  await draw();
}

function shown(dataset, card) {
  if (!card.criteria.some((one) => one.overall)) return nothing(dataset);
  const missing = card.criteria.filter((one) => !one.overall);
  return [
    card.rows === "all" && notice("warn", null, h("p", {}, "Assertions stand for their criteria because they did well on some of these rows: here they look better than they are.")),
    unsupported(card),
    h("div", { class: "card flush" }, cardTable(dataset, card)),
    h("p", { class: "small muted" }, `Of ${count(card.n_labelled, "labelled row")}${card.model ? `, by verdicts of ${card.model}` : ""}. ${card.model === "offline" ? "The offline model is a demonstration, not a language model. " : ""}An output fails by the whole set if any criterion fails it.`),
    missing.length > 0 && h("p", { class: "small" }, `Not asked yet, and in no number: ${missing.map((one) => one.name).join(", ")}.`),
    meaning(),
  ];
}

function unsupported({ criteria, unsupported: ids }) {
  const names = criteria.filter((one) => ids.includes(one.criterion_id) && one.overall).map((one) => one.name);
  if (!names.length) return null;
  return notice("info", `Nobody's labels support ${names.length === 1 ? "this criterion" : `${number(names.length)} criteria`}`, h("p", {}, names.join(", "), ". Grade more rows, restate it, or retire it: what bad outputs have in common may be something else."));
}

function nothing({ id }) {
  const run = h("a", { class: "button primary", href: href(at`/datasets/${id}/criteria`) }, "To the criteria");
  return empty({ icon: "search", title: "Nothing to report yet", text: "Run the assertions, and grade rows: the card sets what they say beside what you say.", actions: [run] });
}

function meaning() {
  return h(
    "details",
    { class: "small" },
    h("summary", {}, "What the numbers mean"),
    h(
      "div",
      { class: "stack tight" },
      h("p", {}, "Caught is the share of outputs that people failed which it fails too (coverage). Wrongly failed is the share of outputs that people passed which it fails (false failure rate); lower is better. Alignment is the harmonic mean of the first and of what the second leaves; kappa is the agreement beyond what chance gives."),
      h("p", {}, "The ranges are 95 % intervals. A criterion is supported where it fails bad outputs more often than good ones by more than chance explains, with at least five labels of either kind."),
    ),
  );
}
