/* How people agree with each other, and each with themselves over time.
 *
 *   const part = peoplePart(context, dataset);  part.element; await part.load()
 */

import { fill, h } from "../../kit/dom.js";
import { count, estimate, number, percent } from "../../kit/format.js";
import { at } from "../../kit/paths.js";
import { agreementWord } from "../../parts/agreement.js";
import { badge } from "../../parts/badge.js";
import { loading, problem } from "../../parts/notice.js";
import { rowsLink } from "../../parts/rows-link.js";

const DRIFT = { changed: ["warn", "alert", "Changed"], "no change shown": ["good", "check", "No change shown"], "too few labels": ["none", "question", "Too few labels"] };

export function peoplePart(context, dataset) {
  const body = h("div", { class: "stack" });
  const element = h("section", { class: "card stack", "aria-labelledby": "people-title" }, h("h3", { id: "people-title" }, "How people agree"), body);

  async function load() {
    fill(body, loading());
    try {
      fill(body, shown(dataset, await context.api.get(at`/datasets/${dataset.id}/people`, { signal: context.signal })));
    } catch (error) {
      if (!context.signal.aborted) fill(body, problem(error, { retry: load }));
    }
  }

  return { element, load };
}

function shown(dataset, { people, pairs, alpha, enough, drift }) {
  if (!people.length) return h("p", { class: "muted" }, "Nobody has labelled here yet.");
  return [
    pairs.length ? together(alpha, enough) : h("p", { class: "muted" }, "It takes two people who label the same rows."),
    pairs.length > 0 && h("ul", { class: "plain second-looks" }, pairs.map((pair) => pairLine(dataset, pair))),
    drift.length > 0 && h("div", { class: "stack tight" }, h("h4", {}, "Over time"), h("ul", { class: "plain second-looks" }, drift.map((one) => driftLine(dataset, one)))),
  ];
}

function together(alpha, enough) {
  if (typeof alpha.value !== "number") return h("p", { class: "muted" }, `All together: undefined. ${alpha.undefined ?? ""}`);
  return h("p", {}, "All together (Krippendorff's alpha): ", h("strong", { class: "tabular" }, estimate(alpha)), h("span", { class: "muted" }, `, ${agreementWord(alpha.value)}.${enough ? "" : " Fewer than 20 rows have labels of two people: take it for a hint."}`));
}

function pairLine(dataset, { annotators: [one, other], kappa, enough, disagreed }) {
  const said = typeof kappa.value === "number" ? estimate(kappa) : "undefined";
  return h("li", {}, h("p", {}, `${one} and ${other}: kappa `, h("strong", { class: "tabular" }, said), h("span", { class: "muted" }, ` on ${count(kappa.n, "row")}${enough ? "" : ", too few to rely on"}`)), disagreed.length > 0 && h("p", { class: "small" }, rowsLink(dataset.id, disagreed, count(disagreed.length, "row on which they differ", "rows on which they differ"), { what: `${one} and ${other} differ` })));
}

function driftLine(dataset, { annotator, labels, status, halves, repeats }) {
  const [kind, picture, word] = DRIFT[status] ?? ["none", "info", status];
  return h(
    "li",
    { class: "stack tight" },
    h("div", { class: "row" }, h("strong", {}, annotator), badge(kind, picture, word), h("span", { class: "small muted" }, count(labels, "label"))),
    halves && h("p", { class: "small" }, `Failed ${percent(halves.early.value)} of the earlier half and ${percent(halves.late.value)} of the later one.`),
    repeats && h("p", { class: "small" }, `Of ${count(repeats.n, "row")} labelled twice, ${percent(repeats.same.value)} the same; ${number(repeats.to_fail.length)} turned to fail, ${number(repeats.to_pass.length)} to pass. `, rowsLink(dataset.id, [...repeats.to_fail, ...repeats.to_pass], "See those that turned", { what: `${annotator} changed their word` })),
  );
}
