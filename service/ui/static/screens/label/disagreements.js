/* Rows with one's own label on which others, or the judge of the latest evaluation, see it differently. Rows
 * without it are never told: that would say something about them.
 *
 *   await disagreements.places(work, texts) -> places in work.rows, ascending
 */

import { at } from "../../kit/paths.js";

const FRESH_MS = 20_000;

export function createDisagreements({ api, dataset, annotator, signal }) {
  let judged = { at: -Infinity, ids: [] };

  async function judgedOtherwise() {
    if (performance.now() - judged.at < FRESH_MS) return judged.ids;
    const { items } = await api.get("/evaluations", { query: { dataset_id: dataset, limit: 20 }, signal });
    const latest = items.find((evaluation) => evaluation.status === "succeeded");
    const ids = [];
    if (latest)
      for await (const row of api.all(at`/evaluations/${latest.id}/verdicts`, { query: { agrees: false }, signal }))
        ids.push(row.example_id);
    judged = { at: performance.now(), ids };
    return ids;
  }

  return {
    none: "No row that you labelled is seen differently by others or by the latest judge.",
    async places(work, texts) {
      const ids = new Set(await judgedOtherwise());
      const others = (row) =>
        Object.entries(texts.get(row.id)?.labels ?? {}).some(
          ([name, said]) => name !== annotator && said.label !== row.label,
        );
      const differs = (row) => row.label !== null && (ids.has(row.id) || others(row));
      return work.rows.flatMap((row, place) => (differs(row) ? [place] : []));
    },
  };
}
