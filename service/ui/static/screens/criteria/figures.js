/* The cards of criteria as a table: measures with their intervals, and the rows behind them as links.
 *
 *   cardTable(dataset, card)             the whole set, then each criterion, overall and by its own labels
 *   bothWays(dataset, {before, after})   plain measures beside a card, for a set: where chosen, and elsewhere
 */

import { h } from "../../kit/dom.js";
import { NONE, count, estimate, number, percent } from "../../kit/format.js";
import { rowsLink } from "../../parts/rows-link.js";
import { supportBadge } from "./words.js";

export function cardTable(dataset, { whole, criteria }) {
  const asked = criteria.filter((one) => one.overall);
  const head = h("thead", {}, h("tr", {}, ["Criterion", "Caught", "Wrongly failed", "Alignment", "Kappa", "What labels say"].map((word) => h("th", { scope: "col" }, word))));
  const lines = asked.flatMap((one) => [line(dataset, one.overall, one.name, one.text), one.own && line(dataset, one.own, one.name, "by its own labels", true)]);
  const body = h("tbody", {}, whole && line(dataset, whole, "All criteria together"), lines);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Report card" }, h("table", { class: "report-card" }, head, body));
}

function line(dataset, card, name, note = "", isOwn = false) {
  const { rows, bad, n } = card;
  const links = (...kinds) => h("p", { class: "small row" }, kinds.map(([ids, word]) => rowsLink(dataset.id, ids, `${number(ids.length)} ${word}`, { what: `${word}: ${name}` })));
  return h(
    "tr",
    { class: isOwn && "own" },
    h("th", { scope: "row" }, isOwn ? h("span", { class: "visually-hidden" }, name) : name, note && h("span", { class: "range-note" }, note)),
    h("td", {}, share(card.coverage), links([rows.caught, "caught"], [rows.missed, "missed"])),
    h("td", {}, share(card.false_failure_rate), links([rows.wrongly_failed, "wrongly failed"], [rows.rightly_passed, "rightly passed"])),
    h("td", { class: "tabular nowrap" }, value(card.alignment)),
    h("td", { class: "tabular nowrap" }, value(card.kappa)),
    h("td", {}, h("div", { class: "stack tight" }, supportBadge(card), h("p", { class: "small muted" }, `${count(n, "row")}, ${number(bad)} of them bad`), rest(dataset, card, name))),
  );
}

function rest(dataset, { rows }, name) {
  const parts = [
    rows.unanswered.length > 0 && rowsLink(dataset.id, rows.unanswered, `${number(rows.unanswered.length)} without a verdict`, { what: `No verdict: ${name}` }),
    rows.pending.length > 0 && rowsLink(dataset.id, rows.pending, `${number(rows.pending.length)} not asked yet`, { what: `Not asked yet: ${name}` }),
  ].filter(Boolean);
  return parts.length > 0 && h("p", { class: "small row" }, parts);
}

function share({ value: found, low, high, undefined: why }) {
  if (typeof found !== "number") return h("p", { class: "muted", title: why }, NONE);
  return h("p", { class: "tabular nowrap" }, h("strong", {}, percent(found)), typeof low === "number" && h("span", { class: "muted" }, ` ${number(100 * low)} to ${percent(high)}`));
}

function value(found) {
  if (typeof found.value !== "number") return h("span", { class: "muted", title: found.undefined }, NONE);
  const head = number(found.value, 2);
  return [h("strong", {}, head), h("span", { class: "muted" }, estimate(found).slice(head.length))];
}

export function bothWays(dataset, { before, after }) {
  const row = (name, own, of) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "tabular" }, own), h("td", { class: "tabular" }, after ? of(after) : NONE));
  const links = (card, ...kinds) => h("p", { class: "small row" }, kinds.map(([name, word]) => rowsLink(dataset.id, card.rows[name], `${number(card.rows[name].length)} ${word}`, { what: `${word} by the chosen set` })));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Measures of the chosen set" },
    h(
      "table",
      { class: "both-ways" },
      h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, `On the ${count(before.n, "row")} it was chosen on`), h("th", { scope: "col" }, after ? `On ${count(after.n, "other row")}` : "On other rows"))),
      h(
        "tbody",
        {},
        row("Agreement (kappa)", number(before.kappa, 2), (card) => value(card.kappa)),
        row("Alignment", number(before.alignment, 2), (card) => value(card.alignment)),
        row("Bad outputs caught", percent(before.coverage), (card) => [share(card.coverage), links(card, ["caught", "caught"], ["missed", "missed"])]),
        row("Good outputs failed", percent(before.false_failure_rate), (card) => [share(card.false_failure_rate), links(card, ["wrongly_failed", "wrongly failed"], ["rightly_passed", "rightly passed"])]),
      ),
    ),
  );
}
