/* What an evaluation's judge is called.
 *
 *   judgeName(evaluation) -> "The criterion"      sourceWords -> by source
 */

const NAMES = { prompt: "A prompt of one's own", artifact: "A judge from a file", run_id: "The best judge of a run" };

export function judgeName({ source, judge }) {
  if (source === "instruction") return judge?.instruction ? "An instruction of one's own" : "The criterion";
  return NAMES[source] ?? source;
}
