/* Labels that many good candidates of a run contradict with confidence.
 *
 *   const part = suspectsPart(context, dataset, runs);  part.element; await part.load()
 */

import { fill, h } from "../../kit/dom.js";
import { count, date, number, percent, sentence } from "../../kit/format.js";
import { at } from "../../kit/paths.js";
import { labelBadge } from "../../parts/badge.js";
import { field } from "../../parts/model.js";
import { loading, problem } from "../../parts/notice.js";
import { rowsAddress } from "../../parts/rows-link.js";

const SHOWN = 25;
const WHAT = "Suspect labels";

export function suspectsPart(context, dataset, runs) {
  const { api, signal } = context;
  const done = runs.filter((run) => run.status === "succeeded");
  const select = h("select", { on: { change: load } }, done.map((run) => h("option", { value: run.id }, `${run.strategy} with ${run.model}, ${date(run.ended_at)}`)));
  const body = h("div", { class: "stack" });
  const element = h("section", { class: "card stack", "aria-labelledby": "suspects-title" }, h("h3", { id: "suspects-title" }, "Against what good judges say"), done.length > 1 && field("Candidates of the run", select), body);

  async function load() {
    if (!done.length) return void fill(body, h("p", { class: "muted" }, "It takes a run: where many of its good candidates contradict a label with confidence, the label may be a slip."));
    const asked = select.value;
    fill(body, loading());
    try {
      const found = await api.get(at`/datasets/${dataset.id}/suspects`, { query: { run_id: asked }, signal });
      if (asked === select.value) fill(body, shown(dataset, found));
    } catch (error) {
      if (!signal.aborted) fill(body, problem(error, { retry: load }));
    }
  }

  return { element, load };
}

function shown(dataset, { suspects, witnesses, looked_at: n, why_none: why }) {
  if (why) return h("p", { class: "muted" }, sentence(why));
  const looked = h("span", { class: "muted" }, `${count(n, "label")} set beside what ${count(witnesses.length, "candidate")} said.`);
  if (!suspects.length) return h("p", {}, "No label is suspect. ", looked);
  const ids = [...new Set(suspects.map((one) => one.example_id))];
  const again = h("a", { class: "button primary", href: rowsAddress(dataset.id, ids, { what: WHAT, because: "suspect" }) }, `Look again at ${count(ids.length, "row")}`);
  const more = suspects.length > SHOWN && h("p", { class: "small muted" }, `And ${count(suspects.length - SHOWN, "more label")}.`);
  return [h("p", {}, `${count(suspects.length, "label is", "labels are")} suspect. `, looked), h("div", { class: "row" }, again), h("ul", { class: "plain second-looks" }, suspects.slice(0, SHOWN).map((one) => line(dataset, one))), more];
}

function line(dataset, { example_id: id, annotator, label, quality, contradicted_by: against, asked, others }) {
  const to = rowsAddress(dataset.id, [id], { what: WHAT, because: "suspect" });
  const also = others.length > 0 && ` ${others.join(", ")} ${others.length === 1 ? "says" : "say"} otherwise too.`;
  return h("li", { class: "stack tight" }, h("div", { class: "row" }, h("a", { href: to }, id), labelBadge(label), h("span", { class: "small muted" }, annotator ? `said ${annotator}` : "from the file")), h("p", { class: "small" }, `${number(against.length)} of ${count(asked, "candidate")} contradict it; by all that is known it is right with ${percent(quality)}.`, also));
}
