/* Labels that a criterion's last change puts in doubt, the strongest first.
 *
 *   const part = doubtsPart(context, dataset, criteria);  part.element; await part.load()
 */

import { showDiff } from "../../kit/diff.js";
import { fill, h } from "../../kit/dom.js";
import { count, sentence, time } from "../../kit/format.js";
import { at, href } from "../../kit/paths.js";
import { labelBadge } from "../../parts/badge.js";
import { field } from "../../parts/model.js";
import { loading, problem } from "../../parts/notice.js";
import { rowsAddress } from "../../parts/rows-link.js";

const SHOWN = 25;
const ONLY_OLD = "labelled before the change";

export function doubtsPart(context, dataset, criteria) {
  const { api, signal, query } = context;
  const changed = criteria.filter((one) => one.version > 1).sort((a, b) => b.changed_at.localeCompare(a.changed_at));
  const wanted = changed.find((one) => one.id === query.get("criterion")) ?? changed[0];
  const select = h("select", { on: { change: load } }, changed.map((one) => h("option", { value: one.id, selected: one === wanted }, one.name)));
  const body = h("div", { class: "stack" });
  const element = h("section", { class: "card stack", "aria-labelledby": "doubts-title" }, h("h3", { id: "doubts-title" }, "After a criterion changed"), changed.length > 1 && field("Criterion", select), body);

  async function load() {
    if (!changed.length) return void fill(body, h("p", { class: "muted" }, "No criterion has been restated. When one is, the earlier labels that its new words put in doubt stand here."));
    const asked = select.value;
    fill(body, loading());
    try {
      const found = await api.get(at`/datasets/${dataset.id}/doubts`, { query: { criterion: asked }, signal });
      if (asked === select.value) fill(body, shown(dataset, changed.find((one) => one.id === asked), found));
    } catch (error) {
      if (!signal.aborted) fill(body, problem(error, { retry: load }));
    }
  }

  return { element, load };
}

function shown(dataset, criterion, { change, compared, doubts }) {
  if (!change) return h("p", { class: "muted" }, `The words of “${criterion.name}” have not changed.`);
  const strong = doubts.filter((one) => !isOnlyOld(one));
  const old = doubts.filter(isOnlyOld);
  return [
    h("div", { class: "stack tight" }, h("p", { class: "small muted" }, `Version ${change.version}, `, change.author && `by ${change.author}, `, time(change.at), change.note && `: ${change.note}`), h("p", { class: "text diff" }, showDiff(change.old, change.new))),
    h("p", {}, strong.length ? `${count(strong.length, "label is", "labels are")} in doubt. ` : "Nothing speaks against a label. ", comparison(dataset, compared)),
    strong.length > 0 && list(dataset, criterion, strong),
    old.length > 0 && older(dataset, criterion, old),
  ];
}

/* What was only labelled before the change: nothing else speaks against it. */
function isOnlyOld({ grounds }) {
  return grounds.length === 1 && grounds[0] === ONLY_OLD;
}

function comparison({ id }, compared) {
  if (compared) return h("span", { class: "muted" }, `An assertion was asked about both versions on ${count(compared, "labelled row")}.`);
  return h("span", { class: "muted" }, h("a", { href: href(at`/datasets/${id}/criteria`) }, "Run the assertions"), " to see where the new words judge otherwise than the old ones.");
}

function lookAgain(dataset, criterion, doubts, kind) {
  const ids = [...new Set(doubts.map((one) => one.example_id))];
  const again = rowsAddress(dataset.id, ids, { what: `In doubt since “${criterion.name}” changed`, because: "doubt" });
  return h("div", { class: "row" }, h("a", { class: ["button", kind], href: again }, `Look again at ${count(ids.length, "row")}`));
}

function list(dataset, criterion, doubts) {
  const more = doubts.length > SHOWN && h("p", { class: "small muted" }, `And ${count(doubts.length - SHOWN, "more label")}.`);
  return h("div", { class: "stack" }, lookAgain(dataset, criterion, doubts, "primary"), h("ul", { class: "plain second-looks" }, doubts.slice(0, SHOWN).map((one) => line(dataset, criterion, one))), more);
}

function older(dataset, criterion, doubts) {
  return h("details", { class: "small" }, h("summary", {}, `${count(doubts.length, "label was", "labels were")} given before the change, and nothing else speaks against them`), lookAgain(dataset, criterion, doubts, "small"));
}

function line(dataset, criterion, doubt) {
  const to = rowsAddress(dataset.id, [doubt.example_id], { what: `In doubt since “${criterion.name}” changed`, because: "doubt" });
  return h(
    "li",
    { class: "stack tight" },
    h("div", { class: "row" }, h("a", { href: to }, doubt.example_id), labelBadge(doubt.label), doubt.annotator && h("span", { class: "small muted" }, `said ${doubt.annotator}`), doubt.criterion_id && h("span", { class: "small muted" }, "by this criterion alone")),
    h("p", { class: "small" }, doubt.grounds.map(sentence).join(" "), doubt.words.length > 0 && h("span", { class: "muted" }, ` (${doubt.words.join(", ")})`)),
    doubt.critique && h("blockquote", { class: "small text" }, doubt.critique),
  );
}
