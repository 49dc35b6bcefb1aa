/* The rows to work through, where one is among them, and what one has said; without any drawing.
 *
 *   const work = createWork(worklist, picked)   of the API; picked: {ids, because}, rows to be looked at by themselves
 *       work.rows                          [{id, label, mark, settled, picked_by, number, picked, isQuestioned, again}]
 *                                          isQuestioned: its label is in doubt, and the next one settles it;
 *                                          again: one's own is, and has not been given again here
 *       work.at, work.current              place in rows, and the row there (or null)
 *       work.shown, work.filter            places that the filter lets through; work.setFilter(name)
 *       work.counts()                      {all, todo, pass, fail, flag, skip, picked}
 *       work.go(place)  work.step(+1)      work.nextToLabel(after = at) -> place or -1
 *       work.ahead(n)                      places that come next, for texts to be fetched
 *       work.find(id)                      -> place or -1
 *       work.apply(entry)                  what an outbox entry does to its row
 */

const FILTERS = {
  all: () => true,
  todo: (row) => row.again || (row.label === null && row.mark !== "skip"),
  pass: (row) => row.label === "pass",
  fail: (row) => row.label === "fail",
  flag: (row) => row.mark === "flag",
  skip: (row) => row.mark === "skip",
  picked: (row) => row.picked,
};

const NAMES = Object.keys(FILTERS);
const KINDS = new Set(["label", "unlabel", "mark", "unmark"]);

/* Its label is to be given again, for a reason that goes with it. Where somebody else gave it, there is nothing of
 * one's own to come back to: then it is a row to label. */
function secondLook(row, because) {
  return because ? { picked_by: because, isQuestioned: true, again: row.label !== null } : {};
}

/* Each key asks for the next row and for the counts: what all rows would have to be looked through for is kept. */
export function createWork({ rows: given }, picked = null) {
  const named = new Set(picked?.ids);
  const rows = given.map((row, i) => ({ ...row, number: i + 1, wasSettled: row.settled, picked: false, isQuestioned: false, again: false }));
  for (const row of rows) if (named.has(row.id)) Object.assign(row, { picked: true, ...secondLook(row, picked.because) });
  const places = new Map(rows.map((row, i) => [row.id, i]));
  const counts = Object.fromEntries(NAMES.map((name) => [name, rows.filter(FILTERS[name]).length]));
  const isOpen = (place) => FILTERS.todo(rows[place]);
  const isUnsettled = (place) => isOpen(place) && !rows[place].settled;

  function tally(row, by) {
    for (const name of NAMES) if (FILTERS[name](row)) counts[name] += by;
  }

  /* Where in `shown`, which is in the order of the places, the first one after `place` stands. */
  function rankAfter(place) {
    let low = 0;
    for (let high = work.shown.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (work.shown[middle] > place) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  function firstFrom(rank, isWanted) {
    for (let i = rank; i < work.shown.length; i += 1) if (isWanted(work.shown[i])) return work.shown[i];
    return -1;
  }

  /* After `after`, else from the beginning. */
  function nextOf(isWanted, after) {
    const later = firstFrom(rankAfter(after), isWanted);
    return later === -1 ? firstFrom(0, isWanted) : later;
  }

  function some(rank, isWanted, n) {
    const found = [];
    for (let i = rank; i < work.shown.length && found.length < n; i += 1)
      if (isWanted(work.shown[i])) found.push(work.shown[i]);
    return found;
  }

  const work = {
    rows,
    at: -1,
    filter: "all",
    shown: rows.map((_, i) => i),
    get current() {
      return rows[work.at] ?? null;
    },
    find: (id) => places.get(id) ?? -1,
    counts: () => ({ ...counts }),
    setFilter(name) {
      work.filter = name;
      work.shown = rows.flatMap((row, i) => (FILTERS[name](row) ? [i] : []));
      if (!work.shown.includes(work.at)) work.at = work.shown[0] ?? -1;
    },
    go(place) {
      work.at = place;
    },
    step(by) {
      const after = rankAfter(work.at);
      const there = work.shown[by > 0 ? after : after - (work.shown[after - 1] === work.at ? 2 : 1)];
      if (there === undefined) return false;
      work.at = there;
      return true;
    },
    nextToLabel(after = work.at) {
      const unsettled = nextOf(isUnsettled, after); // a second opinion can wait
      return unsettled === -1 ? nextOf(isOpen, after) : unsettled;
    },
    ahead(n) {
      const rank = rankAfter(work.at);
      const around = [work.at, ...work.shown.slice(rank, rank + 5), ...work.shown.slice(Math.max(0, rank - 3), rank)];
      const open = [...some(rank, isUnsettled, n), work.nextToLabel(), ...some(rank, isOpen, n)];
      return [...new Set([...around, ...open])].filter((i) => i >= 0).slice(0, n);
    },
    apply({ kind, row: id, body }) {
      const row = rows[places.get(id)];
      if (!row || !KINDS.has(kind)) return;
      tally(row, -1);
      if (kind === "label")
        Object.assign(row, { label: body.label, settled: true, again: false, mark: row.mark === "skip" ? null : row.mark });
      else if (kind === "unlabel") Object.assign(row, { label: null, settled: row.wasSettled });
      else if (kind === "mark") row.mark = body.kind;
      else row.mark = null;
      tally(row, +1);
    },
  };
  return work;
}
