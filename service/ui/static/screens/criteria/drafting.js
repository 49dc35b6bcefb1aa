/* A model writes assertions for a criterion. What it writes is stored as candidates: running them and your labels
 * show which are worth anything. What cannot be used is told with the reason.
 *
 *   await letWrite(context, {dataset, models, criterion}) -> the answer, or null
 */

import { h } from "../../kit/dom.js";
import { dialog } from "../../kit/dialog.js";
import { count } from "../../kit/format.js";
import { at } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { formDialog } from "../../parts/form-dialog.js";
import { field, modelChoice } from "../../parts/model.js";

const KINDS = { both: ["prompt", "check"], prompt: ["prompt"], check: ["check"] };

export async function letWrite(context, { dataset, models, criterion }) {
  const n = h("input", { type: "number", class: "short", min: 1, max: 10, value: "3" });
  const kind = h("select", {}, h("option", { value: "both" }, "Of both kinds"), h("option", { value: "prompt" }, "Asked of a model only"), h("option", { value: "check" }, "Checks in code only"));
  const model = modelChoice({ models, label: "Model that writes them", usual: proposerOf(models) });
  const send = async () => model.problem() || context.api.post(at`/datasets/${dataset.id}/criteria/${criterion.id}/assertions/suggest`, { n: Number(n.value), kinds: KINDS[kind.value], ...model.value() }, { signal: context.signal });
  const found = await formDialog({ title: `Assertions for “${criterion.name}”`, content: [field("How many", n), field("Which kinds", kind), model.element], action: "Let it write", send });
  if (!found) return null;
  toast(`${count(found.assertions.length, "assertion")} written${found.refused.length ? `, ${count(found.refused.length, "refused one", "refused ones")}` : ""}.`, { kind: found.assertions.length ? "good" : "warn" });
  if (found.refused.length) await tellRefused(found.refused);
  return found;
}

function tellRefused(refused) {
  const line = ({ text, reason }) => h("li", { class: "stack tight" }, h("code", { class: "text" }, text), h("p", { class: "small" }, reason));
  return dialog({ title: "What could not be used", content: h("ul", { class: "plain stack" }, refused.map(line)), actions: [{ label: "Close", value: true }] }).closed;
}

export function proposerOf(models) {
  return { word: `${models.proposer.name} (configured)`, name: models.proposer.name };
}
