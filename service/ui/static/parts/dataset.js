/* The head of every screen of one dataset: its name and its tabs.
 *
 *   const {dataset, body, refresh} = await datasetFrame(root, context, "label")
 *       tab: "overview" | "label" | "criteria" | "evaluate" | "optimize" | "runs" (shown at #/runs?dataset=)
 *       dataset is the API's answer; draw into `body`; `await refresh()` fetches it again and gives it
 */

import { fill, h } from "../kit/dom.js";
import { at, href } from "../kit/paths.js";
import { loading } from "./notice.js";

const TABS = [
  ["overview", "Overview", (id) => href(at`/datasets/${id}`)],
  ["label", "Label", (id) => href(at`/datasets/${id}/label`)],
  ["criteria", "Criteria", (id) => href(at`/datasets/${id}/criteria`)],
  ["evaluate", "Evaluate", (id) => href(at`/datasets/${id}/evaluate`)],
  ["optimize", "Optimize", (id) => href(at`/datasets/${id}/optimize`)],
  ["runs", "Runs", (id) => href("/runs", { dataset: id })],
];

export async function datasetFrame(root, context, tab, { id = context.params.id } = {}) {
  fill(root, loading());
  const ask = () => context.api.get(at`/datasets/${id}`, { signal: context.signal });
  const found = { dataset: await ask(), body: h("div", { class: "stack" }) };
  found.refresh = async () => (found.dataset = await ask());
  context.title(`${TABS.find(([name]) => name === tab)[1]}: ${found.dataset.name}`);
  fill(root, h("div", { class: "stack tight" }, h("h1", {}, found.dataset.name), tabs(id, tab)), found.body);
  return found;
}

function tabs(id, current) {
  const link = ([name, word, to]) => h("a", { href: to(id), "aria-current": name === current ? "page" : null }, word);
  return h("nav", { class: "tabs", "aria-label": "This dataset" }, TABS.map(link));
}
