/* Two runs side by side: whose judge agrees better with people on the same rows, and how their prompts differ. */

import { fill, h } from "../kit/dom.js";
import { count, duration, money, number, sentence, signed, time } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { at, href } from "../kit/paths.js";
import { conclusionBadge, statusBadge } from "../parts/badge.js";
import { empty, loading, notice } from "../parts/notice.js";
import { datasetNames, runName } from "../parts/runs.js";
import { aboutKappa, ranges } from "../parts/ranges.js";
import { confusion } from "./run/evidence.js";
import { promptDifference } from "./run/judge.js";
import { pValue } from "./run/words.js";

export async function show(root, context) {
  const { api, signal, query } = context;
  const [a, b] = [query.get("a"), query.get("b")];
  context.title("Compare runs");
  if (!a || !b) return void fill(root, tooFew());
  fill(root, loading());
  const [found, names] = await Promise.all([api.get("/runs/compare", { query: { a, b }, signal }), datasetNames(api, signal)]);
  const swap = h("a", { class: "button", href: href("/runs/compare", { a: b, b: a }) }, "Swap A and B");
  fill(
    root,
    h("div", { class: "stack tight" }, crumbs(found, names), h("div", { class: "page-head" }, h("h1", {}, "Two runs side by side"), swap)),
    verdict(found),
    h("div", { class: "columns sides" }, side("A", found.a, names), side("B", found.b, names)),
    agreement(found),
    differing(found, names),
    prompts(found),
  );
}

function isSameJudge({ a, b }) {
  return Boolean(a.prompt) && a.prompt === b.prompt && a.run.model === b.run.model;
}

function tooFew() {
  const action = h("a", { class: "button primary", href: href("/runs") }, "Choose two runs");
  return empty({ icon: "people", title: "Which two runs?", text: "Choose two in the list of runs.", actions: [action], level: 1 });
}

function crumbs({ a, b }, names) {
  const same = a.run.dataset_id === b.run.dataset_id;
  const id = a.run.dataset_id;
  return h(
    "nav",
    { class: "crumbs", "aria-label": "Where this is" },
    same && h("a", { href: href(at`/datasets/${id}`) }, names.get(id) ?? id),
    h("a", { href: href("/runs", same ? { dataset: id } : {}) }, "Runs"),
    h("span", { "aria-current": "page" }, "Compare"),
  );
}

/* --- the sentence ------------------------------------------------------------------------------------- */

function verdict(found) {
  const { difference, rows, mcnemar } = found;
  if (isSameJudge(found)) return notice("info", "Both runs found the same judge", h("p", {}, "The same prompt, word for word, for the same model: there is nothing to choose between them."));
  if (!difference || difference.value === null) return notice("warn", "They cannot be compared", h("p", {}, sentence(found.why_not ?? difference?.undefined ?? "They have no test rows in common")));
  const { kind, title } = judged(difference);
  return h(
    "section",
    { class: "card conclusion", data: { kind }, "aria-label": "Which is better" },
    h("h2", {}, icon({ good: "check", warn: "question" }[kind]), title),
    h("p", { class: "conclusion-sentence" }, said(found)),
    mcnemar && h("p", {}, `B alone says what people say on ${count(mcnemar.only_b, "row")}, A alone on ${number(mcnemar.only_a)}; on the rest both are right or both are wrong (McNemar's test: p\u00a0=\u00a0${pValue(mcnemar.p_value)}).`),
    rows.relabelled > 0 && h("p", { class: "muted" }, `${count(rows.relabelled, "row")} had another label in the older run; the newer labels count for both.`),
    rows.only_a + rows.only_b > 0 && h("p", { class: "muted" }, `Left out: ${count(rows.only_a, "row")} that only A was measured on, and ${number(rows.only_b)} that only B was.`),
  );
}

function said({ a, b, rows, difference }) {
  const { kind } = judged(difference);
  const size = `${signed(difference.value)}, with a 95\u00a0% interval of ${signed(difference.low)} to ${signed(difference.high)}`;
  const chance = `${kind === "good" ? "more than chance explains" : "which may be chance"} (p\u00a0=\u00a0${pValue(difference.p_value)})`;
  return `On ${count(rows.shared, "test row")} that both were measured on, A agrees with people at ${number(a.shared.kappa.value, 2)} and B at ${number(b.shared.kappa.value, 2)} (kappa): a difference of ${size}, ${chance}.`;
}

function judged({ low, high, p_value: p }) {
  const isShown = (low > 0 || high < 0) && (p === null || p <= 0.05);
  if (!isShown) return { kind: "warn", title: "No difference is shown" };
  return { kind: "good", title: low > 0 ? "B agrees better with people" : "A agrees better with people" };
}

/* --- side by side ------------------------------------------------------------------------------------- */

function side(letter, { run, shared }, names) {
  return h(
    "section",
    { class: "card stack", "aria-label": `Run ${letter}` },
    h("div", { class: "row" }, h("span", { class: "letter", "aria-hidden": "true" }, letter), h("h2", {}, h("a", { href: href(at`/runs/${run.id}`) }, run.strategy)), run.status === "succeeded" ? conclusionBadge(run.conclusion) : statusBadge(run.status)),
    h(
      "dl",
      { class: "facts small" },
      [
        ["Dataset", names.get(run.dataset_id) ?? run.dataset_id],
        ["Model", run.model],
        ["Begun", run.started_at ? time(run.started_at) : "not yet"],
        ["Prompts tried", number(run.trials)],
        ["Calls", number(run.spend.calls)],
        ["Cost", run.spend.cost_usd === null ? "price not known" : money(run.spend.cost_usd)],
        ["Time", duration(run.spend.wall_s)],
      ].map(([name, value]) => [h("dt", {}, name), h("dd", { class: "tabular" }, value)]),
    ),
    shared && confusion("On the shared test rows", shared.confusion),
  );
}

function agreement({ a, b }) {
  const rows = [
    a.test?.baseline && { name: "A: starting prompt", found: a.test.baseline.kappa },
    a.shared && { name: "A: best prompt", note: "on the shared rows", found: a.shared.kappa, kind: "best" },
    !a.shared && a.test?.best && { name: "A: best prompt", note: "on its own test rows", found: a.test.best.kappa, kind: "best" },
    b.test?.baseline && { name: "B: starting prompt", found: b.test.baseline.kappa },
    b.shared && { name: "B: best prompt", note: "on the shared rows", found: b.shared.kappa, kind: "best" },
    !b.shared && b.test?.best && { name: "B: best prompt", note: "on its own test rows", found: b.test.best.kappa, kind: "best" },
  ].filter(Boolean);
  if (!rows.length) return null;
  return h("section", { class: "card stack", "aria-labelledby": "agreements" }, h("h2", { id: "agreements" }, "Agreement with people"), ranges(rows, { caption: "Agreement with people (kappa) on one axis" }), aboutKappa());
}

/* --- what they did differently ------------------------------------------------------------------------ */

const SETTINGS = [
  ["Strategy", (run) => run.strategy],
  ["Model", (run) => run.model],
  ["Proposer", (run) => run.proposer_model],
  ["Seed", (run) => String(run.seed)],
  ["Most calls", (run) => limit(run.budget.max_calls)],
  ["Most tokens", (run) => limit(run.budget.max_tokens)],
  ["Most dollars", (run) => limit(run.budget.max_cost_usd)],
  ["Starts from", (run) => run.earlier_runs.join(", ") || "nothing earlier"],
  ["Labels and split", (run) => run.snapshot.slice(0, 12)],
];

function limit(value) {
  return value === null || value === undefined ? "no limit" : number(value, Number.isInteger(value) ? 0 : 2);
}

function differing({ a, b }, names) {
  const all = [["Dataset", (run) => names.get(run.dataset_id) ?? run.dataset_id], ...SETTINGS];
  const rows = all.map(([name, of]) => [name, of(a.run), of(b.run)]).filter(([, x, y]) => x !== y);
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "settings" },
    h("h2", { id: "settings" }, "What was set differently"),
    rows.length
      ? h(
          "div",
          { class: "scroll", tabindex: 0, role: "region", "aria-label": "Settings that differ" },
          h("table", {}, h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, "A"), h("th", { scope: "col" }, "B"))), h("tbody", {}, rows.map(([name, x, y]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "tabular" }, x), h("td", { class: "tabular" }, y))))),
        )
      : h("p", { class: "muted" }, "Nothing: strategy, model, seed, budget and labels are the same."),
  );
}

function prompts({ a, b }) {
  const body = a.prompt && b.prompt ? promptDifference(a.prompt, b.prompt, { names: [`A: ${runName(a.run)}`, `B: ${runName(b.run)}`] }) : h("p", { class: "muted" }, "One of the runs has no prompt yet.");
  return h("section", { class: "card stack", "aria-labelledby": "prompts" }, h("h2", { id: "prompts" }, "How the prompts differ"), h("p", { class: "muted small" }, "Marked as gone is what only A's prompt has, as new what only B's has."), body);
}
