/* A job's events, as they happen.
 *
 *   await follow(api, path, {on: (name, data) => ..., onState: (state) => ..., signal, after: 0})
 *
 * Asks only while the tab is visible (a browser has six connections for all tabs), and resumes where it broke
 * off by the last event's id. Resolves when the job has ended (`progress` with such a status and the end of the
 * stream) or `signal` is aborted; rejects on a refusal that will not pass. `onState` is told "live", "waiting"
 * (between two attempts) and "ended".
 */

import { isAbort, isPassing } from "./api.js";

const ENDED = new Set(["succeeded", "failed", "cancelled"]);
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export async function follow(api, path, { on, onState = () => {}, signal, after = 0 }) {
  let last = after;
  let wait = FIRST_WAIT_MS;
  let ended = false;
  const receive = ({ id, name, data }) => {
    if (id) last = id;
    wait = FIRST_WAIT_MS;
    ended = name === "progress" ? ENDED.has(data.status) : ended;
    on(name, data);
  };
  while (!signal?.aborted) {
    await untilVisible(signal);
    if (signal?.aborted) return;
    const visit = whileVisible(signal);
    try {
      const response = await api.open(path, { query: { after: last }, signal: visit.signal, headers: { Accept: "text/event-stream" } });
      onState("live");
      for await (const event of events(response.body)) receive(event);
      if (ended) return void onState("ended");
    } catch (error) {
      if (signal?.aborted) return;
      if (visit.signal.aborted) continue; // hidden: goes on when it is seen again
      if (!(error instanceof TypeError) && !isAbort(error) && !isPassing(error)) throw error; // a TypeError: cut off while reading
    } finally {
      visit.end();
    }
    onState("waiting");
    await pause(wait, signal);
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }
}

export function pause(ms, signal) {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

/* The format of server-sent events, as the HTML standard tells how to read it. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const event = parsed(block);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(block) {
  const event = { id: null, name: "message", data: "" };
  for (const line of block.split("\n")) {
    const [, field, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
    if (field === "id") event.id = value;
    else if (field === "event") event.name = value;
    else if (field === "data") event.data += (event.data && "\n") + value;
  }
  return event.data ? { ...event, data: JSON.parse(event.data) } : null;
}

function untilVisible(signal) {
  if (!document.hidden || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      document.removeEventListener("visibilitychange", look);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const look = () => document.hidden || done();
    document.addEventListener("visibilitychange", look);
    signal?.addEventListener("abort", done);
  });
}

function whileVisible(signal) {
  const visit = new AbortController();
  const stop = () => visit.abort();
  const look = () => document.hidden && stop();
  document.addEventListener("visibilitychange", look);
  signal?.addEventListener("abort", stop);
  const end = () => {
    document.removeEventListener("visibilitychange", look);
    signal?.removeEventListener("abort", stop);
  };
  return { signal: visit.signal, end };
}
