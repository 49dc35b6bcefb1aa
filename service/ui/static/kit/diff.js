/* What changed from one text to another, word by word.
 *
 *   diffWords(before, after)   -> [{kind: "same" | "gone" | "new", text}] in reading order
 *   showDiff(before, after)    -> fragment with <del> and <ins>: one text with both
 *   showSides(before, after)   -> {before, after}: two fragments, each with its own differences marked
 *
 * Myers' algorithm ("An O(ND) difference algorithm and its variations", 1986) over words. Texts that differ in more
 * than it can hold are compared line by line, and word by word within the lines that changed; what has next to
 * nothing in common is shown as replaced as a whole, which is also what a reader would say of it.
 */

import { fragment, h } from "./dom.js";

const MOST_EDITS = 1500; // memory grows with its square

export function diffWords(before, after) {
  const a = words(before);
  const b = words(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const [gone, added] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const middle = edits(gone, added) ?? byLines(gone.join(""), added.join(""));
  return smoothed([...a.slice(0, start).map(same), ...middle, ...a.slice(a.length - end).map(same)]);
}

export function showDiff(before, after) {
  return fragment(diffWords(before, after).map(marked));
}

export function showSides(before, after) {
  const parts = diffWords(before, after);
  return {
    before: fragment(parts.filter((part) => part.kind !== "new").map(marked)),
    after: fragment(parts.filter((part) => part.kind !== "gone").map(marked)),
  };
}

function marked({ kind, text }) {
  if (kind === "same" || !text.trim()) return text;
  return kind === "gone" ? h("del", {}, text) : h("ins", {}, text);
}

function words(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

function same(text) {
  return { kind: "same", text };
}

/* Words that changed side by side become one phrase: a space between two changes belongs to both. */
function smoothed(parts) {
  const found = [];
  for (let i = 0; i < parts.length; ) {
    const run = { gone: "", new: "" };
    const start = i;
    for (; i < parts.length && isChanged(parts, i); i += 1) {
      const { kind, text } = parts[i];
      if (kind !== "new") run.gone += text;
      if (kind !== "gone") run.new += text;
    }
    for (const kind of ["gone", "new"]) if (run[kind]) found.push({ kind, text: run[kind] });
    if (i > start) continue;
    if (found.at(-1)?.kind === "same") found.at(-1).text += parts[i].text;
    else found.push({ ...parts[i] });
    i += 1;
  }
  return found;
}

function isChanged(parts, i) {
  const changes = (part) => part !== undefined && part.kind !== "same";
  return changes(parts[i]) || (!parts[i].text.trim() && changes(parts[i - 1]) && changes(parts[i + 1]));
}

function replaced(a, b) {
  return [...a.map((text) => ({ kind: "gone", text })), ...b.map((text) => ({ kind: "new", text }))];
}

function byLines(before, after) {
  const lines = (text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const [a, b] = [lines(before), lines(after)];
  return hunks(edits(a, b) ?? replaced(a, b)).flatMap((hunk) => {
    const [gone, added] = ["gone", "new"].map((kind) => words(hunk.filter((part) => part.kind === kind).map((part) => part.text).join("")));
    return hunk[0].kind === "same" ? hunk : (edits(gone, added) ?? replaced(gone, added));
  });
}

/* Runs of what stayed, and runs of what changed. */
function hunks(parts) {
  const found = [];
  for (const part of parts) {
    const last = found.at(-1);
    if (last && (last[0].kind === "same") === (part.kind === "same")) last.push(part);
    else found.push([part]);
  }
  return found;
}

/* The shortest way from a to b, or null where it takes too many steps: `reach[k]` is how far in a one comes on
 * diagonal k with d edits. */
function edits(a, b) {
  if (!a.length || !b.length) return replaced(a, b);
  const most = Math.min(a.length + b.length, MOST_EDITS);
  const offset = most + 1;
  const reach = new Int32Array(2 * most + 3);
  const trace = [];
  for (let d = 0; d <= most; d += 1) {
    trace.push(reach.slice(offset - d - 1, offset + d + 2));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && reach[offset + k - 1] < reach[offset + k + 1]);
      let x = down ? reach[offset + k + 1] : reach[offset + k - 1] + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      reach[offset + k] = x;
      if (x >= a.length && x - k >= b.length) return walkedBack(a, b, trace);
    }
  }
  return null;
}

function walkedBack(a, b, trace) {
  const found = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const reach = (k) => trace[d][k + d + 1];
    const k = x - y;
    const down = k === -d || (k !== d && reach(k - 1) < reach(k + 1));
    const fromX = d === 0 ? 0 : down ? reach(k + 1) : reach(k - 1);
    const fromY = d === 0 ? 0 : fromX - (down ? k + 1 : k - 1);
    while (x > fromX && y > fromY) found.push(same(a[((x -= 1), (y -= 1), x)]));
    if (d === 0) break;
    if (down) found.push({ kind: "new", text: b[(y -= 1)] });
    else found.push({ kind: "gone", text: a[(x -= 1)] });
  }
  return found.reverse();
}
