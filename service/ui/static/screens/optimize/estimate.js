/* What a run would take, asked of the API as the form changes.
 *
 *   const panel = estimatePanel(context, {ask: () => body of the run, onKnown: (estimate) => ...})
 *       panel.element; panel.soon() when something changed; panel.now()
 */

import { isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count, duration, money, number, tokens } from "../../kit/format.js";
import { debounced } from "../../kit/latest.js";
import { problem } from "../../parts/notice.js";
import { splitBar } from "./split.js";

const PAUSE_MS = 350;
const LIMITS = { max_calls: "The limit on calls ends the search.", max_tokens: "The limit on tokens ends the search.", max_cost_usd: "The limit in dollars ends the search." };

export function estimatePanel(context, { ask, onKnown }) {
  const split = splitBar();
  const calls = stat("model calls");
  const cost = stat("at the model's price");
  const time = stat("of time");
  const note = h("p", { class: "hint" }, "Reckoning …");
  const said = h("div", {});
  const stats = h("div", { class: "stats", role: "status", "aria-live": "polite" }, calls.element, cost.element, time.element);
  const element = h("div", { class: "stack" }, h("h3", {}, "Your labelled rows"), split.element, h("hr", {}), h("h3", {}, "What it would take, at most"), stats, note, said);
  let asking = null;

  async function now() {
    asking?.abort();
    const mine = (asking = new AbortController());
    const stop = () => mine.abort();
    context.signal.addEventListener("abort", stop);
    stats.setAttribute("aria-busy", "true");
    try {
      const found = await context.api.post("/runs/estimate", ask(), { signal: mine.signal });
      draw(found);
      fill(said);
      onKnown(found);
    } catch (error) {
      if (!isAbort(error) && mine === asking) fill(said, problem(error, { retry: now }));
    } finally {
      context.signal.removeEventListener("abort", stop);
      if (mine === asking) stats.setAttribute("aria-busy", "false");
    }
  }

  function draw(found) {
    split.show(found);
    calls.show(number(found.calls));
    cost.show(found.cost_usd === null ? "Unknown" : money(found.cost_usd));
    time.show(duration(Math.max(1, 60 * found.minutes)));
    const searching = Math.max(0, found.calls - found.needed_calls);
    const lines = [
      `${tokens(found.prompt_tokens + found.completion_tokens)}. ${count(searching, "call")} of these search.`,
      found.limited_by ? LIMITS[found.limited_by] : "The strategy ends by itself within the limits.",
      found.cost_usd === null && (found.cost_unknown ?? "The price of this model is not known here."),
      "What was asked before is not paid again.",
    ];
    fill(note, lines.filter(Boolean).map((line) => [line, " "]));
  }

  const soon = debounced(now, PAUSE_MS);
  context.signal.addEventListener("abort", () => soon.cancel());
  return { element, soon, now };
}

function stat(name) {
  const value = h("span", {}, "–");
  return { element: h("div", { class: "stat" }, value, h("span", {}, name)), show: (text) => (value.textContent = text) };
}
