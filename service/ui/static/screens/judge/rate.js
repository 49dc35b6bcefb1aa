/* How often what nobody has labelled really passes: the judge's own count, corrected for how it is known to err.
 *
 *   const part = ratePart(context, path);  part.element; part.show(judge)
 */

import { fill, h } from "../../kit/dom.js";
import { count, number, percent, sentence } from "../../kit/format.js";
import { latest } from "../../kit/latest.js";
import { field } from "../../parts/model.js";
import { loading, notice, problem } from "../../parts/notice.js";

const SINCE = [
  ["", "All kept traffic"],
  ["1", "The last day"],
  ["7", "The last week"],
  ["30", "The last 30 days"],
];
const DAY_MS = 86_400_000;

export function ratePart(context, path) {
  const since = h("select", { on: { change: () => load() } }, SINCE.map(([value, word]) => h("option", { value }, word)));
  const body = h("div", { class: "stack", "aria-live": "polite" });
  const element = h("section", { class: "card stack", "aria-labelledby": "rate-title" }, h("h2", { id: "rate-title" }, "How often outputs pass"), field("Of", since), body);

  const load = latest(async () => {
    const query = since.value ? { since: new Date(Date.now() - Number(since.value) * DAY_MS).toISOString() } : {};
    if (!body.childElementCount) fill(body, loading("Reckoning …"));
    try {
      fill(body, shown(await context.api.get(`${path}/rate`, { query, signal: context.signal })));
    } catch (error) {
      if (!context.signal.aborted) fill(body, refused(error));
    }
  });

  return {
    element,
    show({ champion, traffic }) {
      if (champion && traffic) load();
      else fill(body, h("p", { class: "muted" }, champion ? "Judge a batch first: there is no traffic yet." : "Put a version in use first."));
    },
  };
}

function shown({ n, failed, unanswered, pass_rate: rate, sensitivity, specificity, labelled, warnings }) {
  const seen = n - failed - unanswered;
  return [
    h("p", { class: "rate" }, h("strong", { class: "kappa-value" }, percent(rate.value)), h("span", { class: "kappa-interval tabular" }, `${number(100 * rate.low)} to ${percent(rate.high)}`)),
    h("p", {}, `Of ${count(n, "row")} that nobody has labelled, about ${percent(rate.value)} pass, with a 95 % interval of ${number(100 * rate.low)} to ${percent(rate.high)}. The judge itself passes ${number(seen)} of them (${percent(seen / n)})${unanswered ? ` and gives no verdict on ${number(unanswered)}` : ""}.`),
    h("p", { class: "small muted" }, `Corrected for how it errs: it catches ${percent(sensitivity.value)} of bad outputs and passes ${percent(specificity.value)} of good ones, by ${count(labelled.measured + labelled.traffic, "labelled row")}. The interval carries the chance in both samples.`),
    warnings.length > 0 && notice("warn", "Keep in mind", warnings.length > 1 ? h("ul", {}, warnings.map((text) => h("li", {}, sentence(text)))) : h("p", {}, sentence(warnings[0]))),
  ];
}

function refused(error) {
  if (error.code === "correction_refused") return notice("warn", "It cannot be corrected", h("p", {}, sentence(error.message)), h("p", {}, "A judge that tells bad from good no better than chance says nothing about how often they pass."));
  if (error.code === "not_enough_labels" || error.status === 409) return h("p", { class: "muted" }, sentence(error.message));
  return problem(error);
}
