/* Notes that are being written, kept in this browser until they went with a label.
 *
 *   of(id, text)         what stands in the field     saved(id, text)      what the label carries: text or null
 *   put(id, words)       while it is written          isChanged(id, text)  whether it says something else
 *   take(id, text)       for a label: what is to be sent; from then on it counts as saved
 *   restore(id, saved)   the label carries `saved` again
 *   giveBack(id, text)   the label is gone: its words wait in the field for another
 */

import { forget, recall, remember } from "../../kit/storage.js";

export function createNotes(dataset, annotator) {
  const name = `notes.${encodeURIComponent(dataset)}/${encodeURIComponent(annotator)}`;
  const written = new Map(Object.entries(recall(name, {})));
  const sent = new Map();

  function keep() {
    if (written.size) remember(name, Object.fromEntries(written));
    else forget(name);
  }

  const notes = {
    saved: (id, text) => (sent.has(id) ? sent.get(id) : (text?.own?.critique ?? null)),
    of: (id, text) => written.get(id) ?? notes.saved(id, text) ?? "",
    isChanged: (id, text) => written.has(id) && (written.get(id).trim() || null) !== notes.saved(id, text),
    put(id, words) {
      written.set(id, words);
      keep();
    },
    take(id, text) {
      const words = notes.of(id, text).trim() || null;
      sent.set(id, words);
      if (written.delete(id)) keep();
      return words;
    },
    restore(id, saved) {
      sent.set(id, saved);
      if (written.delete(id)) keep();
    },
    giveBack(id, text) {
      const words = notes.of(id, text);
      sent.set(id, null);
      if (words.trim()) notes.put(id, words);
    },
  };
  return notes;
}
