/* Labels and marks on their way to the server. Each is kept in this browser until the server has it.
 *
 *   const outbox = await outboxOf(api, dataset, annotator)      one for each in this tab; it works on when screens change
 *       outbox.push({kind, row, body?})    kind: "label" "unlabel" "mark" "unmark" "by" "unby"
 *                                          (the last two: by `criterion` alone)
 *       outbox.entries                     what the server does not have yet, oldest first
 *       outbox.state                       {waiting, trouble: null | "away" | "signin", kept: bool}
 *       outbox.retry()                     now
 *       outbox.listen(fn(event), signal)   event: {kind: "state"} | {kind: "saved", entry, answer}
 *                                          | {kind: "refused", entry, error}
 *   resumeOutboxes(api)                    sends what closed tabs have left behind, for any dataset
 *
 * They go one after the other, so that the last word on a row is the last to arrive. Requests are idempotent:
 * where nobody knows whether one arrived, it is sent again. A refusal (4xx) would be refused again: it is dropped
 * and told. Each tab keeps a queue of its own under its own name, or two tabs would overwrite each other's; the
 * queue of a tab that is gone is taken over by another, which a lock tells apart.
 */

import { ApiError, isPassing } from "../kit/api.js";
import { at } from "../kit/paths.js";
import { forget, names, recall, remember, tab } from "../kit/storage.js";
import { pause } from "../kit/stream.js";

const PREFIX = "outbox.";
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const LOOK_MS = 15_000;
const SILENT_MS = 40_000; // without locks, a tab that has not touched its queue for so long is taken for gone
const UNCLEAR = new Set([408, 425, 429]);

const open = new Map();
let ownTab = null;

export async function outboxOf(api, dataset, annotator) {
  ownTab ??= claimTab();
  const own = await ownTab;
  const name = PREFIX + [own, dataset, annotator].map(encodeURIComponent).join("/");
  if (!open.has(name)) open.set(name, createOutbox(api, { name, dataset, annotator }));
  const outbox = open.get(name);
  await adopt(outbox, own, dataset, annotator);
  outbox.retry(); // it may have waited for somebody to sign in
  return outbox;
}

export async function resumeOutboxes(api) {
  ownTab ??= claimTab();
  const own = await ownTab;
  for (const name of names(PREFIX)) {
    const [, dataset, annotator] = parts(name);
    if (parts(name)[0] === own || (await isGone(name))) await outboxOf(api, dataset, annotator);
  }
}

function parts(name) {
  return name.slice(PREFIX.length).split("/").map(decodeURIComponent);
}

function createOutbox(api, { name, dataset, annotator }) {
  const entries = recall(name, null)?.entries ?? [];
  const listeners = new Set();
  const state = { waiting: entries.length, trouble: null, kept: true };
  let working = false;
  let nudge = new AbortController();

  function tell(event) {
    for (const listen of listeners) listen(event);
  }

  function keep() {
    state.waiting = entries.length;
    if (entries.length) state.kept = remember(name, { entries, touched: Date.now() });
    else forget(name);
    tell({ kind: "state" });
  }

  async function work() {
    if (working) return;
    working = true;
    let wait = FIRST_WAIT_MS;
    while (entries.length) {
      const [entry] = entries;
      const outcome = await attempt(entry);
      if (outcome === "later") {
        state.trouble = "away";
        keep();
        await pause(wait, nudge.signal);
        nudge = new AbortController();
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      } else if (outcome === "signin") {
        state.trouble = "signin";
        keep();
        break;
      } else {
        wait = FIRST_WAIT_MS;
        state.trouble = null;
        entries.shift();
        keep();
        tell({ ...outcome, entry });
      }
    }
    working = false;
  }

  async function attempt(entry) {
    try {
      return { kind: "saved", answer: await send(api, dataset, annotator, entry) };
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return "signin";
      if (isPassing(error) || UNCLEAR.has(error.status)) return "later";
      if (entry.kind.startsWith("un") && error.body?.kind === "label") return { kind: "saved", answer: null }; // it was gone already
      return { kind: "refused", error };
    }
  }

  const outbox = {
    entries,
    state,
    push(...added) {
      entries.push(...added);
      keep();
      work();
    },
    retry() {
      nudge.abort();
      work();
    },
    listen(fn, signal) {
      listeners.add(fn);
      signal?.addEventListener("abort", () => listeners.delete(fn));
    },
  };
  window.addEventListener("online", outbox.retry);
  window.addEventListener("beforeunload", (event) => entries.length && !state.kept && event.preventDefault());
  setInterval(() => entries.length && keep(), LOOK_MS);
  if (entries.length) work();
  return outbox;
}

function send(api, dataset, annotator, { kind, row, body, criterion }) {
  if (criterion) return sendBy(api, at`/datasets/${dataset}/criteria/${criterion}/labels/${row}/${annotator}`, kind, body);
  const label = at`/datasets/${dataset}/examples/${row}/labels/${annotator}`;
  const mark = at`/datasets/${dataset}/examples/${row}/marks/${annotator}`;
  if (kind === "label") return api.put(label, body);
  if (kind === "unlabel") return api.delete(label);
  return kind === "mark" ? api.put(mark, body) : api.delete(mark);
}

function sendBy(api, path, kind, body) {
  return kind === "by" ? api.put(path, body) : api.delete(path);
}

/* --- whose queue is whose ----------------------------------------------------------------------------- */

/* A duplicated tab comes with the first one's id: whoever holds its lock has it. */
async function claimTab() {
  if (!navigator.locks || (await holds(tab))) return tab;
  const other = `${tab}-${Math.random().toString(36).slice(2)}`;
  await holds(other);
  return other;
}

/* Takes the tab's lock for as long as the page lives, if nobody has it. */
function holds(id) {
  return new Promise((resolve) => {
    navigator.locks.request(`concord.tab.${id}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    });
  });
}

async function adopt(outbox, own, dataset, annotator) {
  for (const name of names(PREFIX)) {
    const [owner, itsDataset, itsAnnotator] = parts(name);
    if (owner === own || itsDataset !== dataset || itsAnnotator !== annotator) continue;
    await whileGone(name, owner, () => {
      const left = recall(name, null)?.entries ?? [];
      forget(name);
      if (left.length) outbox.push(...left);
    });
  }
}

async function isGone(name) {
  let gone = false;
  await whileGone(name, parts(name)[0], () => (gone = true));
  return gone;
}

async function whileGone(name, owner, run) {
  if (navigator.locks)
    await navigator.locks.request(`concord.tab.${owner}`, { ifAvailable: true }, (lock) => lock && run());
  else if (Date.now() - (recall(name, null)?.touched ?? 0) > SILENT_MS) run();
}
