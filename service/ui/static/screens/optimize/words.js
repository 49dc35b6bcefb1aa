/* How a trial came about, as the strategy tells it, in words for people.
 *
 *   moveWords(trial) -> "Criteria exchanged"
 *   strategyWords(name) -> what a strategy is called, with the name that the API has for it
 */

import { h } from "../../kit/dom.js";

const STRATEGIES = {
  joint: "Joint search",
  bootstrap_fewshot: "Solved examples",
  instruction_search: "Instruction search",
  mipro: "MIPROv2",
  gepa: "GEPA",
  criteria: "Criteria and assertions",
};

export function strategyWords(name) {
  const known = STRATEGIES[name];
  return known ? [known, h("span", { class: "mono muted" }, name)] : name.replaceAll("_", " ");
}

export function moveWords({ origin, is_baseline: isBaseline }) {
  if (isBaseline) return "The prompt to beat";
  const text = (origin || "candidate").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
