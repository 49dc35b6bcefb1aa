/* Marks what input and output do not share. Where one is a revision of the other (a translation, a correction, a
 * summary that quotes) that is a word-by-word comparison. Where they are two different texts, as question and
 * answer are, it would mark everything: then only what is easily got wrong is marked, numbers and names that the
 * other text does not hold.
 *
 *   markedSides(input, output) -> {before, after}: fragments
 */

import { diffWords, showSides } from "../../kit/diff.js";
import { fragment, h } from "../../kit/dom.js";

const ALIKE = 0.4;
const PIECES = /[\p{L}\p{N}][\p{L}\p{N}.,:/-]*[\p{L}\p{N}]|[\p{L}\p{N}]/gu;

export function markedSides(input, output) {
  return shareInCommon(input, output) >= ALIKE
    ? showSides(input, output)
    : { before: telling(input, output, "del"), after: telling(output, input, "ins") };
}

function shareInCommon(input, output) {
  const same = diffWords(input, output).reduce(
    (chars, part) => chars + (part.kind === "same" ? part.text.trim().length : 0),
    0,
  );
  return same / Math.max(1, Math.min(input.length, output.length));
}

/* `text` with those of its numbers and names marked that do not occur in `other`. */
function telling(text, other, tag) {
  const known = new Set((other.match(PIECES) ?? []).map((piece) => piece.toLowerCase()));
  const parts = [];
  let from = 0;
  for (const { 0: piece, index } of text.matchAll(PIECES)) {
    if (known.has(piece.toLowerCase()) || !(/\p{N}/u.test(piece) || isName(piece, text, index))) continue;
    parts.push(text.slice(from, index), h(tag, {}, piece));
    from = index + piece.length;
  }
  return fragment(...parts, text.slice(from));
}

/* A capital in the middle of a sentence. */
function isName(piece, text, index) {
  return /^\p{Lu}\p{L}/u.test(piece) && /[\p{L}\p{N},;]\s$/u.test(text.slice(Math.max(0, index - 2), index));
}
