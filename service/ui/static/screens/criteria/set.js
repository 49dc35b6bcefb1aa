/* Choosing the set of assertions that agrees best with people, and what it comes to on rows it was not chosen on. */

import { announce } from "../../kit/announce.js";
import { isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count, number } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at, href } from "../../kit/paths.js";
import { choices } from "../../parts/choices.js";
import { field } from "../../parts/model.js";
import { notice, problem } from "../../parts/notice.js";
import { bothWays } from "./figures.js";
import { RULES, kindBadge } from "./words.js";

const BOUNDED = { evalgen: ["tau"], spade_cov: ["alpha", "tau"], spade_sub: ["alpha", "tau"] };

export async function showSet(root, context, dataset) {
  const { api, signal } = context;
  const path = at`/datasets/${dataset.id}`;
  const { items: criteria } = await api.get(`${path}/criteria`, { signal });
  const alpha = share("0.6");
  const tau = share("0.25");
  const bounds = { alpha: field("Catches at least", alpha, "Share of bad outputs, 0 to 1."), tau: field("Fails wrongly at most", tau, "Share of good outputs, 0 to 1.") };
  const box = h("div", { class: "options" }, Object.values(bounds));
  const rule = choices({ name: "rule", legend: "Which set is best?", value: "kappa", options: RULES, onChange: limit });
  const found = h("div", { class: "stack", "aria-live": "polite" });
  const button = h("button", { type: "submit", class: "button primary" }, "Choose the set");
  const form = h("form", { class: "card stack", on: { submit: (event) => choose(event, false) } }, rule.element, box, h("div", { class: "row" }, button));

  function limit() {
    const wanted = BOUNDED[rule.value()] ?? [];
    for (const [name, node] of Object.entries(bounds)) node.hidden = !wanted.includes(name);
    box.hidden = !wanted.length;
  }

  async function choose(event, force) {
    event?.preventDefault();
    button.disabled = true;
    fill(found, h("p", { class: "muted" }, "Choosing …"));
    try {
      const body = { rule: rule.value(), alpha: Number(alpha.value), tau: Number(tau.value), ...(force ? { force } : {}) };
      const answer = await api.post(`${path}/selection`, body, { signal });
      fill(found, chosen(dataset, criteria, answer));
      announce(`${count(answer.assertions.length, "assertion")} chosen.`);
    } catch (error) {
      if (!isAbort(error)) fill(found, refused(error));
    } finally {
      button.disabled = false;
    }
  }

  function refused(error) {
    const all = h("button", { type: "button", class: "button small", on: { click: () => choose(null, true) } }, "Choose all the same");
    const grade = h("a", { class: "button small", href: href(at`/datasets/${dataset.id}/label`, { order: "evalgen" }) }, "Grade rows");
    return [problem(error), error.code === "not_enough_labels" && h("div", { class: "row" }, grade, all)];
  }

  limit();
  fill(root, h("div", { class: "stack tight" }, h("h2", {}, "Choose the best set"), h("p", { class: "muted" }, "Of all assertions, those that are worth keeping together. They are chosen on one part of the labelled rows and measured on another; the rows of runs' final tests are in neither.")), h("div", { class: "with-aside even" }, form, found));
}

function share(value) {
  return h("input", { type: "number", min: 0, max: 1, step: 0.01, value });
}

function chosen(dataset, criteria, answer) {
  const { assertions, selection, report, rows, waiting, model } = answer;
  if (!assertions.length) return notice("warn", "No assertion was chosen", h("p", {}, "None of them agrees better with people than passing everything. Grade more rows, or write others."));
  const kept = criteria.filter((one) => assertions.some((assertion) => assertion.criterion_id === one.id));
  const run = h("a", { class: "button primary", href: href(at`/datasets/${dataset.id}/optimize`, { strategy: "criteria" }) }, "Optimize with these criteria", icon("chevron-right"));
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "set-title" },
    h("div", { class: "stack tight" }, h("h3", { id: "set-title" }, `${count(assertions.length, "assertion")} of ${count(kept.length, "criterion", "criteria")}`), h("p", {}, "Together they fail an output if any of them does.")),
    h("ul", { class: "plain stack tight" }, kept.map((one) => member(one, assertions))),
    bothWays(dataset, { before: selection, after: report }),
    h("p", { class: "small muted" }, `${report ? "Where it was chosen it looks better than it is: the second column counts." : "There are no other labelled rows to measure it on."}${rows.not_judged ? ` ${count(rows.not_judged, "labelled row")} had not been asked about everything and ${rows.not_judged === 1 ? "was" : "were"} left out.` : ""}${waiting.length ? ` ${count(waiting.length, "assertion")} took no part: asked about too few rows.` : ""}${model ? ` By verdicts of ${model}.` : ""}`),
    h("div", { class: "stack tight" }, h("p", {}, `A run takes the criteria further: it looks for better assertions and the rule that joins them, and measures the result on ${number(dataset.split.test * 100)} % of the rows, which nothing was tuned on.`), h("div", { class: "row" }, run)),
  );
}

function member(criterion, assertions) {
  const own = assertions.filter((one) => one.criterion_id === criterion.id);
  const text = (one) => (one.kind === "check" ? h("code", { class: "text" }, one.text) : h("span", { class: "text" }, one.text || h("span", { class: "muted" }, "as it stands")));
  return h("li", { class: "stack tight member" }, h("strong", {}, criterion.name), own.map((one) => h("div", { class: "row" }, kindBadge(one), text(one))));
}
