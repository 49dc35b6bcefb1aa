/* How a trial came about, as the strategy tells it, in words for people.
 *
 *   moveWords(trial) -> "Criteria exchanged"
 */

export function moveWords({ origin, is_baseline: isBaseline }) {
  if (isBaseline) return "The prompt to beat";
  const text = (origin || "candidate").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
