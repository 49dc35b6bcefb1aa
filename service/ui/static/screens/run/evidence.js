/* What the conclusion rests on: agreements on one axis, counts in plain words, and how far to trust them. */

import { h } from "../../kit/dom.js";
import { NONE, count, duration, money, number, percent, signed } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { aboutKappa, ranges } from "../../parts/ranges.js";

export function agreements(report) {
  const { test, dev, supervised_baseline: rival, human_agreement: people } = report;
  const ceiling = people.ceiling;
  const rows = [
    test.baseline && { name: "Starting prompt", found: test.baseline.kappa },
    test.best && { name: "Best prompt", found: test.best.kappa, kind: "best" },
    rival && { name: "A cheap classifier", note: "word counts, no language model", found: rival.agreement.kappa, kind: "rival" },
    ceiling && { name: "People with each other", note: `${ceiling.annotators.join(" and ")}, on ${count(ceiling.n, "row")}`, found: { value: ceiling.kappa, low: null, high: null }, kind: "people" },
    { name: `While searching, on ${number(dev.best.n)} other rows` },
    { name: "Starting prompt", found: dev.baseline.kappa },
    { name: "Best prompt", note: "flattering: it was chosen here", found: dev.best.kappa, kind: "best" },
    { name: "… corrected for the choice", note: `it was the best of ${number(dev.candidates)}`, found: dev.selection_corrected, kind: "best" },
  ].filter(Boolean);
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "agreements" },
    h("div", { class: "stack tight" }, h("h2", { id: "agreements" }, "Agreement with people"), h("p", { class: "muted small" }, where(test))),
    ranges(rows, { caption: "Agreement with people (kappa) on one axis", mark: ceiling && { value: ceiling.kappa } }),
    h("ul", { class: "small readings" }, [against(rival), ceilingWords(people), dev && chosen(dev), readings(test), repeated(report.repeatability)].filter(Boolean).map((text) => h("li", {}, text))),
    aboutKappa(),
  );
}

function where({ best }) {
  return best ? `Kappa on ${count(best.n, "test row")} that no prompt was tuned on or chosen by. 1 is perfect, 0 is chance.` : "Kappa: 1 is perfect, 0 is chance.";
}

function against(rival) {
  if (!rival) return null;
  const { best_gain: gain } = rival;
  if (gain.value === null) return "The difference to a cheap classifier (TF-IDF and logistic regression) cannot be measured here.";
  const size = `${signed(gain.value)} (${signed(gain.low)} to ${signed(gain.high)})`;
  const words = "The cheap classifier (TF-IDF and logistic regression) learned from the same labels and costs nothing to run.";
  if (gain.low > 0) return `${words} The best prompt beats it by ${size}.`;
  if (gain.high < 0) return `${words} It beats the best prompt: the difference is ${size}. A judge that loses to it is not worth its price.`;
  return `${words} The best prompt is not shown to be better than it: the difference is ${size}.`;
}

function ceilingWords({ pairs, ceiling }) {
  if (!pairs.length) return "Nobody's labels overlap, so it is not known how far people agree with each other. Have a second person label 20 rows to learn how much can be asked of a judge.";
  if (!ceiling) return "No two people have labelled 20 rows in common, too few to say how far people agree with each other.";
  const others = pairs.length > 1 ? ` Other pairs: ${pairs.filter((pair) => pair.annotators.join() !== ceiling.annotators.join()).map((pair) => `${pair.annotators.join(" and ")} ${number(pair.kappa, 2)} on ${count(pair.n, "row")}`).join("; ")}.` : "";
  return `People agree with each other at ${number(ceiling.kappa, 2)}: no judge can be expected to agree with them more.${others}`;
}

function chosen({ candidates, best, selection_corrected: corrected }) {
  if (candidates < 2 || best.kappa.value === null) return null;
  const [there, after] = [number(best.kappa.value, 2), number(corrected.value, 2)];
  if (there === after) return `Having chosen the best of ${number(candidates)} prompts does not make it look better than it is: corrected for the choice, its kappa stays ${there} where it was chosen.`;
  return `On the rows that it was chosen on, the best of ${number(candidates)} prompts looks better than it is: ${there} there, ${after} once the choice is accounted for.`;
}

function readings({ best, readings: times }) {
  if (!best) return null;
  if (!times) return "Nobody counts how often these test rows are read: the more often, the less surprising a lucky winner is.";
  if (times === 1) return "No earlier run has read these test rows.";
  return `${number(times)} runs have read these test rows, this one included: the more often they are read, the less surprising a lucky winner is.`;
}

function repeated(found) {
  if (!found) return null;
  return `Asked again, the best prompt gave the same verdict on ${number(found.same)} of ${count(found.n, "row")} (${percent(found.share)}).`;
}

/* --- counts in plain words ---------------------------------------------------------------------------- */

export function inPractice({ test }) {
  if (!test.baseline || !test.best) return null;
  const pair = [test.baseline, test.best];
  const prices = [test.per_judgement.baseline, test.per_judgement.best];
  const rows = [
    ["Bad outputs that it catches", "coverage, or recall on fails", (a) => share(a.confusion.tp, bad(a.confusion))],
    ["Good outputs that it fails by mistake", "false failure rate; lower is better", (a) => share(a.confusion.fp, good(a.confusion))],
    ["Right when it says fail", "precision on fails", (a) => share(a.confusion.tp, a.confusion.tp + a.confusion.fp)],
    ["Says what people say", "accuracy", (a) => share(a.confusion.tp + a.confusion.tn, a.n)],
    ["F1 on fails", "catching and being right in one number", (a) => number(a.f1, 2)],
    pair.some((a) => a.unparseable) && ["Answers without a verdict", "they agree with nobody", (a) => share(a.unparseable, a.n)],
    pair.some((a) => a.unparseable) && ["Kappa on the answered rows", "", (a) => number(a.answered_kappa, 2)],
  ].filter(Boolean);
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "practice" },
    h("h2", { id: "practice" }, "What it means in use"),
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Before and after, in counts" },
      h(
        "table",
        { class: "versus" },
        h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, "Starting prompt"), h("th", { scope: "col" }, "Best prompt"))),
        h("tbody", {}, rows.map(([name, note, show]) => versus(name, note, pair.map(show))), prices.every(Boolean) && priceRows(prices)),
      ),
    ),
    h("div", { class: "columns" }, confusion("Starting prompt", test.baseline.confusion), confusion("Best prompt", test.best.confusion)),
  );
}

function versus(name, note, [before, after]) {
  return h("tr", {}, h("th", { scope: "row" }, name, note && h("span", { class: "range-note" }, note)), h("td", { class: "tabular" }, before), h("td", { class: "tabular" }, after));
}

function priceRows(prices) {
  return [
    versus("Cost of 1,000 judgements", "at recorded prices", prices.map((p) => (p.cost_usd === null ? "not known" : money(1000 * p.cost_usd)))),
    versus("Length of a judgement", "tokens asked and answered", prices.map((p) => number(p.prompt_tokens + p.completion_tokens))),
    versus("Time for a judgement", "", prices.map((p) => (p.latency_ms === null ? NONE : duration(p.latency_ms / 1000)))),
  ];
}

function share(part, whole) {
  if (!whole) return [NONE, h("span", { class: "muted small" }, " none there")];
  return [h("strong", {}, percent(part / whole)), h("span", { class: "muted small nowrap" }, ` ${number(part)} of ${number(whole)}`)];
}

const bad = ({ tp, fn, unparseable_bad: none }) => tp + fn + none;
const good = ({ fp, tn, unparseable_good: none }) => fp + tn + none;

export function confusion(title, counts) {
  const hasNone = counts.unparseable_bad + counts.unparseable_good > 0;
  const line = (word, whole, right, wrong, none, isFail) => {
    const cells = [cell(right, whole, true), cell(wrong, whole, false)];
    return h("tr", {}, h("th", { scope: "row" }, `People: ${word}`), isFail ? cells : cells.reverse(), hasNone && cell(none, whole, false));
  };
  return h(
    "table",
    { class: "confusion-small" },
    h("caption", {}, title),
    h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, "Judge: fail"), h("th", { scope: "col" }, "Judge: pass"), hasNone && h("th", { scope: "col" }, "No verdict"))),
    h(
      "tbody",
      {},
      line("fail", bad(counts), counts.tp, counts.fn, counts.unparseable_bad, true),
      line("pass", good(counts), counts.tn, counts.fp, counts.unparseable_good, false),
    ),
  );
}

function cell(n, whole, isRight) {
  const picture = [icon(isRight ? "check" : "cross"), h("span", { class: "visually-hidden" }, isRight ? " agree" : " disagree")];
  return h("td", { class: isRight ? "right" : "unlike", vars: { share: whole ? n / whole : 0 } }, h("span", { class: "cell-n" }, number(n)), n > 0 && picture);
}

/* --- what it took ------------------------------------------------------------------------------------- */

export function spending(spend) {
  const kept = spend.cached_calls ? `, ${number(spend.cached_calls)} of them answered from the ledger` : "";
  const paid = spend.paid_cost_usd === null ? "price not known" : money(spend.paid_cost_usd);
  return [
    ["Model calls", `${number(spend.calls)}${kept}`],
    ["Tokens", `${number(spend.prompt_tokens)} in, ${number(spend.completion_tokens)} out`],
    ["Cost", spend.cost_usd === null ? "price not known" : `${money(spend.cost_usd)} at recorded prices`],
    spend.paid_calls !== undefined && ["Really paid", `${paid} for ${count(spend.paid_calls, "call")}, all attempts together`],
    ["Time", duration(spend.wall_s)],
  ].filter(Boolean);
}

