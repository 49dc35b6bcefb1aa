/* Who sits here, and how they like to see the page. Kept in this browser.
 *
 *   session.annotator               -> name or null
 *   await session.needAnnotator()   -> name; asks once; null if the question was closed
 *   await session.changeAnnotator() -> asks in any case
 *   session.scheme                  -> "auto" | "light" | "dark";  session.nextScheme() switches and returns it
 *   session.onChange(fn, signal)    -> called after a change
 */

import { ask } from "./dialog.js";
import { forget, recall, remember } from "./storage.js";

const MOST_CHARS = 200;
const SCHEMES = ["auto", "light", "dark"];

export function createSession() {
  const changes = new EventTarget();
  const tell = () => changes.dispatchEvent(new Event("change"));

  const session = {
    get annotator() {
      return recall("annotator");
    },
    get scheme() {
      return recall("scheme", "auto");
    },
    nextScheme() {
      const next = SCHEMES[(SCHEMES.indexOf(session.scheme) + 1) % SCHEMES.length];
      if (next === "auto") forget("scheme");
      else remember("scheme", next);
      show(next);
      tell();
      return next;
    },
    async needAnnotator() {
      return session.annotator ?? session.changeAnnotator();
    },
    async changeAnnotator() {
      const name = await ask({
        title: "Who is labelling?",
        text: "Your name stands beside your labels, so that several people's labels can be told apart and their agreement measured. It is kept in this browser.",
        label: "Your name",
        value: session.annotator ?? "",
        action: "Save the name",
        check: wrongName,
      });
      if (name) {
        remember("annotator", name);
        tell();
      }
      return session.annotator;
    },
    onChange(fn, signal) {
      changes.addEventListener("change", fn, { signal });
    },
  };
  return session;
}

function wrongName(name) {
  if (!name) return "A name is needed; initials will do.";
  return name.length > MOST_CHARS ? `A name has at most ${MOST_CHARS} characters; this one has ${name.length}.` : "";
}

function show(scheme) {
  if (scheme === "auto") delete document.documentElement.dataset.scheme;
  else document.documentElement.dataset.scheme = scheme;
}
