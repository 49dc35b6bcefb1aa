/* The rows' texts, fetched in blocks before they are needed.
 *
 *   const texts = createTexts({api, dataset, annotator, signal, onArrived(id), onTrouble(error)})
 *       texts.get(id)        -> the API's row, or undefined until it is here
 *       texts.want(ids)      ids in the order in which they will be needed: fetches a block once one of the first lacks
 *       texts.learn(id, row) what the answer to a label says of it: all but the judges' verdicts
 *       texts.isWhole(id)    whether it says all that may be known after one's own label
 *       texts.renew(id)      fetches it again
 */

import { isAbort, isPassing } from "../../kit/api.js";
import { at } from "../../kit/paths.js";
import { pause } from "../../kit/stream.js";

const BLOCK = 25;
const NEAR = 12; // once one of the next so many rows is missing, a block is asked for
const WAIT_MS = 1000;

export function createTexts({ api, dataset, annotator, signal, onArrived, onTrouble }) {
  const here = new Map();
  const asked = new Map(); // by id, the number of the latest request that is not answered yet
  let requests = 0;

  async function fetchBlock(ids) {
    const number = (requests += 1);
    ids.forEach((id) => asked.set(id, number));
    while (!(await fetched(ids, number)) && !signal.aborted) await pause(WAIT_MS, signal);
    for (const id of ids) if (asked.get(id) === number) asked.delete(id);
  }

  async function fetched(ids, number) {
    try {
      const page = await api.get(at`/datasets/${dataset}/examples`, {
        query: { id: ids, annotator, blind: true },
        signal,
      });
      for (const row of page.items) {
        if (asked.get(row.id) !== number) continue; // a later answer says more
        here.set(row.id, row);
        onArrived(row.id);
      }
      return true;
    } catch (error) {
      if (!isAbort(error)) onTrouble(error);
      return !isPassing(error);
    }
  }

  return {
    get: (id) => here.get(id),
    want(ids) {
      const isMissing = (id) => !here.has(id) && !asked.has(id);
      if (ids.slice(0, NEAR).some(isMissing)) fetchBlock(ids.filter(isMissing).slice(0, BLOCK));
    },
    learn(id, row) {
      const own = row.labels[annotator];
      if (own && here.has(id)) here.set(id, { ...here.get(id), ...row, own, hidden: false, verdicts: null });
    },
    isWhole: (id) => here.get(id)?.hidden === false && here.get(id).verdicts !== null,
    renew(id) {
      fetchBlock([id]);
    },
  };
}
