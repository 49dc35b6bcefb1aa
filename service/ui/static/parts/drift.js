/* Whether a judge's agreement with people has fallen since it was measured, by icon and word.
 *
 *   driftBadge("ok" | "fallen" | "too few" | "not watched")
 */

import { badge } from "./badge.js";

const WORDS = {
  ok: ["good", "check", "No fall shown"],
  fallen: ["bad", "alert", "Agreement has fallen"],
  "too few": ["none", "question", "Too few labels of its traffic"],
  "not watched": ["none", "minus", "Not watched"],
};

export function driftBadge(drift) {
  return badge(...(WORDS[drift] ?? ["none", "info", drift]));
}
