/* The rows to work through, where one is among them, and what one has said; without any drawing.
 *
 *   const work = createWork(worklist)      of the API
 *       work.rows                          [{id, label, mark, settled, picked_by, number}]
 *       work.at, work.current              place in rows, and the row there (or null)
 *       work.shown, work.filter            places that the filter lets through; work.setFilter(name)
 *       work.counts()                      {all, todo, pass, fail, flag, skip}
 *       work.go(place)  work.step(+1)      work.nextToLabel(after = at) -> place or -1
 *       work.ahead(n)                      places that come next, for texts to be fetched
 *       work.find(id)                      -> place or -1
 *       work.apply(entry)                  what an outbox entry does to its row
 */

const FILTERS = {
  all: () => true,
  todo: (row) => row.label === null && row.mark !== "skip",
  pass: (row) => row.label === "pass",
  fail: (row) => row.label === "fail",
  flag: (row) => row.mark === "flag",
  skip: (row) => row.mark === "skip",
};

const NAMES = Object.keys(FILTERS);

export function createWork({ rows: given }) {
  const rows = given.map((row, i) => ({ ...row, number: i + 1, wasSettled: row.settled }));
  const places = new Map(rows.map((row, i) => [row.id, i]));
  const work = {
    rows,
    at: -1,
    filter: "all",
    shown: rows.map((_, i) => i),
    get current() {
      return rows[work.at] ?? null;
    },
    find: (id) => places.get(id) ?? -1,
    counts() {
      const found = Object.fromEntries(NAMES.map((name) => [name, 0]));
      for (const row of rows) for (const name of NAMES) if (FILTERS[name](row)) found[name] += 1;
      return found;
    },
    setFilter(name) {
      work.filter = name;
      work.shown = rows.flatMap((row, i) => (FILTERS[name](row) ? [i] : []));
      if (!work.shown.includes(work.at)) work.at = work.shown[0] ?? -1;
    },
    go(place) {
      work.at = place;
    },
    step(by) {
      const here = work.shown.indexOf(work.at);
      const there = work.shown[here + by];
      if (there === undefined) return false;
      work.at = there;
      return true;
    },
    nextToLabel(after = work.at) {
      const open = work.shown.filter((i) => FILTERS.todo(rows[i]));
      const unsettled = open.filter((i) => !rows[i].settled); // a second opinion can wait
      const candidates = unsettled.length ? unsettled : open;
      return candidates.find((i) => i > after) ?? candidates[0] ?? -1;
    },
    ahead(n) {
      const here = work.shown.indexOf(work.at);
      const around = [
        work.at,
        ...work.shown.slice(here + 1, here + 6),
        ...work.shown.slice(Math.max(0, here - 2), Math.max(0, here)),
      ];
      const open = work.shown.filter((i) => i > work.at && FILTERS.todo(rows[i]));
      const first = open.filter((i) => !rows[i].settled); // in the order of nextToLabel
      return [...new Set([...around, ...first.slice(0, n), work.nextToLabel(), ...open.slice(0, n)])]
        .filter((i) => i >= 0)
        .slice(0, n);
    },
    apply({ kind, row: id, body }) {
      const row = rows[places.get(id)];
      if (!row) return;
      if (kind === "label")
        Object.assign(row, { label: body.label, settled: true, mark: row.mark === "skip" ? null : row.mark });
      else if (kind === "unlabel") Object.assign(row, { label: null, settled: row.wasSettled });
      else if (kind === "mark") row.mark = body.kind;
      else row.mark = null;
    },
  };
  return work;
}
