/* Labelling row after row, by keys or by touch. */

import { fill, h } from "../kit/dom.js";
import { at, href } from "../kit/paths.js";
import { recall, remember } from "../kit/storage.js";
import { datasetFrame } from "../parts/dataset.js";
import { empty } from "../parts/notice.js";
import { outboxOf } from "../parts/outbox.js";
import { createDesk } from "./label/desk.js";
import { ORDERS } from "./label/toolbar.js";
import { createWork } from "./label/worklist.js";

export async function show(root, context) {
  context.layout("wide");
  const known = context.session.annotator;
  const early = known && begin(context, known); // all is asked for at once
  early?.catch(() => {}); // told below, or by the frame
  const { dataset, body } = await datasetFrame(root, context, "label");
  const annotator = await context.session.needAnnotator();
  if (context.signal.aborted) return;
  context.session.onChange(
    () => context.session.annotator !== annotator && context.go(at`/datasets/${dataset.id}/label`),
    context.signal,
  );
  if (!annotator) return void fill(body, nobody(context));
  const { worklist, outbox, unsent } = await (early ?? begin(context, annotator));
  const picked = pickedRows(context.query);
  const work = createWork(worklist, picked);
  unsent.forEach(work.apply); // the worklist may not know of these yet
  const desk = createDesk({ context, dataset, annotator, worklist, work, outbox, picked });
  fill(body, desk.node);
  desk.open({ filter: context.query.get("show"), row: context.query.get("row") });
}

/* The outbox first: what it sends while the worklist is on its way may be in neither when that is here. */
async function begin(context, annotator) {
  const { id } = context.params;
  const query = { annotator, order: orderOf(context, id) };
  const outbox = await outboxOf(context.api, id, annotator);
  const unsent = [...outbox.entries];
  const worklist = await context.api.get(at`/datasets/${id}/worklist`, { query, signal: context.signal });
  return { worklist, outbox, unsent: [...unsent, ...outbox.entries] };
}

/* Rows that another screen named, to be looked at by themselves; `because` says why their labels are in question. */
function pickedRows(query) {
  const ids = query.getAll("id");
  const because = ["doubt", "suspect"].find((reason) => reason === query.get("because")) ?? null;
  return ids.length ? { ids, what: query.get("what") || "Chosen rows", because } : null;
}

function orderOf({ query }, id) {
  const asked = query.get("order") ?? recall(`order.${id}`, "given");
  const order = asked in ORDERS ? asked : "given";
  remember(`order.${id}`, order);
  return order;
}

function nobody(context) {
  const ask = h(
    "button",
    { type: "button", class: "button primary", on: { click: () => context.session.changeAnnotator() } },
    "Say who you are",
  );
  const back = h("a", { class: "button", href: href(at`/datasets/${context.params.id}`) }, "Back to the overview");
  return empty({
    icon: "user",
    title: "Whose labels will these be?",
    text: "Labels carry their author’s name, so that agreement between people can be measured.",
    actions: [back, ask],
  });
}
