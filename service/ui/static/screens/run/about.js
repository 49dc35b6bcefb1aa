/* How a run was set up, and what it took.
 *
 *   aboutRun(run, dataset, report?)
 */

import { h } from "../../kit/dom.js";
import { count, number, time } from "../../kit/format.js";
import { at, href } from "../../kit/paths.js";
import { spending } from "./evidence.js";

export function aboutRun(run, dataset, found = null) {
  const facts = [
    ["Dataset", h("a", { href: href(at`/datasets/${dataset.id}`) }, dataset.name)],
    ["Strategy", run.strategy],
    ["Model", run.model],
    run.proposer_model !== run.model && ["Proposer", run.proposer_model],
    ["Prompts tried", found ? h("a", { href: href(at`/datasets/${dataset.id}/optimize`, { run: run.id }) }, number(run.trials)) : number(run.trials)],
    ["Seed", String(run.seed)],
    ["Budget", limits(run.budget)],
    run.spend_cap && ["Spend cap", limits(run.spend_cap)],
    run.earlier_runs.length > 0 && ["Starts from", run.earlier_runs.map((id, i) => [i > 0 && ", ", h("a", { href: href(at`/runs/${id}`) }, id)])],
    ["Begun", run.started_at ? time(run.started_at) : "not yet"],
    ...(found ? spending(found.spend) : []),
    ["Id", h("code", {}, run.id)],
    run.artifact_digest && ["Judge's digest", h("code", { title: run.artifact_digest }, run.artifact_digest.slice(0, 16))],
  ].filter(Boolean);
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "about-run" },
    h("h2", { id: "about-run" }, "How it was run"),
    h("dl", { class: "facts small" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", { class: "tabular" }, value)])),
    found && h("a", { class: "button small", href: href("/runs", { dataset: dataset.id, a: run.id }) }, "Compare with another run"),
  );
}

function limits(budget) {
  const parts = [budget.max_calls && count(budget.max_calls, "call"), budget.max_tokens && count(budget.max_tokens, "token"), budget.max_cost_usd && `$${number(budget.max_cost_usd, 2)}`].filter(Boolean);
  return parts.length ? parts.join(", ") : "none";
}

