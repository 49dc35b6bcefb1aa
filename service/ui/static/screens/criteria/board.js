/* The criteria as they stand, each with its assertions and what labels say of it; suggesting, running, merging. */

import { fill, h } from "../../kit/dom.js";
import { icon } from "../../kit/icons.js";
import { latest } from "../../kit/latest.js";
import { at } from "../../kit/paths.js";
import { empty, problem } from "../../parts/notice.js";
import { writeCriterion } from "./changing.js";
import { criterionItem } from "./criterion.js";
import { merging } from "./merging.js";
import { nextStep } from "./next.js";
import { retiredList } from "./retired.js";
import { runPanel } from "./run.js";
import { suggestPanel } from "./suggest.js";
import { wholeCard } from "./whole.js";

export async function showBoard(root, context, dataset) {
  const { api, signal } = context;
  const path = at`/datasets/${dataset.id}`;
  const about = { query: { dataset_id: dataset.id, limit: 1 }, signal };
  const board = { criteria: [], assertions: [], card: null };
  const items = new Map();
  const [models, runs] = await Promise.all([api.get("/models", { signal }), api.get("/assertion-runs", about), load()]);

  const list = h("ul", { class: "plain stack", "aria-label": "Criteria" });
  const trouble = h("div", {});
  const retired = h("div", {});
  const step = h("div", {});
  const whole = wholeCard(dataset);
  const suggest = suggestPanel(context, { dataset, models, onAdded: refresh });
  const run = runPanel(context, { dataset, models, latest: runs.items[0] ?? null, onProgress: () => refreshCard() });
  const merge = merging(context, { dataset, onMerged: refresh });

  async function load() {
    const [criteria, assertions] = await Promise.all([
      api.get(`${path}/criteria`, { query: { retired: true }, signal }),
      api.get(`${path}/assertions`, { signal }),
    ]);
    Object.assign(board, { criteria: criteria.items, assertions: assertions.items });
  }

  async function refresh() {
    await load();
    draw();
    await refreshCard();
  }

  /* It takes a moment to reckon, and is asked for again and again while assertions run. */
  const refreshCard = latest(async () => {
    try {
      const [card, assertions] = await Promise.all([
        board.assertions.length ? api.get(`${path}/card`, { signal }) : null,
        api.get(`${path}/assertions`, { signal }),
      ]);
      Object.assign(board, { card, assertions: assertions.items });
      fill(trouble);
      if (!signal.aborted) draw();
    } catch (error) {
      if (!signal.aborted) fill(trouble, problem(error, { retry: refreshCard }));
    }
  });

  function draw() {
    const live = board.criteria.filter((one) => !one.retired_at);
    for (const id of items.keys()) if (!live.some((one) => one.id === id)) items.delete(id);
    const shown = live.map(itemOf);
    if (shown.length !== list.children.length || shown.some((one, i) => list.children[i] !== one)) fill(list, shown);
    merge.among(live);
    fill(retired, retiredList(context, { dataset, criteria: board.criteria.filter((one) => one.retired_at), onRestored: refresh }));
    run.show(board.assertions);
    whole.show(board.card);
    fill(step, nextStep(dataset, { ...board, criteria: live }));
    if (!live.length) fill(list, h("li", { class: "card" }, nothing()));
  }

  function itemOf(criterion) {
    if (!items.has(criterion.id)) items.set(criterion.id, criterionItem(context, { dataset, models, onChanged: refresh, onPick: merge.pick }));
    const assertions = board.assertions.filter((one) => one.criterion_id === criterion.id);
    const card = board.card?.criteria.find((one) => one.criterion_id === criterion.id) ?? null;
    items.get(criterion.id).show({ criterion, assertions, card });
    return items.get(criterion.id).element;
  }

  const write = async () => (await writeCriterion(context, dataset)) && refresh();
  const opener = h("button", { type: "button", class: "button primary", "aria-expanded": "false", on: { click: () => suggest.toggle(opener) } }, icon("sparkle"), "Suggest criteria");
  const head = h(
    "div",
    { class: "page-head" },
    h("div", {}, h("h2", {}, "What a good output does, one thing each"), h("p", { class: "muted" }, "A criterion says one thing that an output is judged by. Its assertions let a machine tell, and your labels show which of them to trust.")),
    h("div", { class: "row" }, h("button", { type: "button", class: "button", on: { click: write } }, icon("edit"), "Write one"), opener),
  );
  fill(
    root,
    head,
    suggest.element,
    trouble,
    h("div", { class: "with-aside criteria" }, h("div", { class: "stack" }, list, retired, merge.element), h("aside", { class: "stack sticky", "aria-label": "Running and measuring" }, step, run.element, whole.element)),
  );
  draw();
  if (board.assertions.length) await refreshCard();
  document.addEventListener("visibilitychange", () => document.hidden || refreshCard(), { signal }); // labels come from other tabs too
}

function nothing() {
  return empty({ icon: "search", title: "No criterion yet", text: "Let some be suggested from your task's prompt, or grade a few rows first, with a note on why: criteria can be drawn from your words." });
}
