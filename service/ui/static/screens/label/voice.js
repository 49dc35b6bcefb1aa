/* What a person says of rows, as entries for the outbox, and how it is taken back.
 *
 *   const voice = createVoice({work, texts, notes, send})    send(entry) also changes the row here
 *       voice.label(row, "pass")   with the note that stands beside it
 *       voice.skip(row)            voice.flag(row): on, or off again
 *       voice.settle(row)          one's label decides, whatever others said
 *       voice.keepNote(row)        a note that changed goes with the label that the row has
 *       voice.undo()               takes the last of these back
 *       voice.last()               -> the place of the row that it was about, or null
 */

export function createVoice({ work, texts, notes, send }) {
  const done = [];
  const settling = new Set(); // rows on which this person said that their label decides

  function sendLabel(row, label, critique = notes.take(row.id, texts.get(row.id))) {
    const body = { label, critique, picked_by: row.picked_by, adjudicates: settling.has(row.id) || row.isQuestioned };
    send({ kind: "label", row: row.id, body });
  }

  function sendMark(row, mark) {
    send(mark ? { kind: "mark", row: row.id, body: { kind: mark } } : { kind: "unmark", row: row.id });
  }

  function remember(row) {
    const critique = notes.saved(row.id, texts.get(row.id));
    done.push({ place: work.find(row.id), label: row.label, critique, mark: row.mark });
  }

  function restoreLabel(row, { label, critique }) {
    if (label === row.label && critique === notes.saved(row.id, texts.get(row.id))) return;
    if (label) {
      notes.restore(row.id, critique);
      sendLabel(row, label, critique);
    } else if (row.label) {
      notes.giveBack(row.id, texts.get(row.id));
      send({ kind: "unlabel", row: row.id });
    }
  }

  return {
    label(row, label) {
      remember(row);
      sendLabel(row, label);
    },
    skip(row) {
      if (row.label !== null) return; // it is done: there is nothing to come back to
      remember(row);
      sendMark(row, "skip");
    },
    flag(row) {
      remember(row);
      sendMark(row, row.mark === "flag" ? null : "flag");
    },
    settle(row) {
      settling.add(row.id);
      sendLabel(row, row.label);
    },
    keepNote(row) {
      if (row?.label && notes.isChanged(row.id, texts.get(row.id))) sendLabel(row, row.label);
    },
    undo() {
      const before = done.pop();
      const row = work.rows[before.place];
      restoreLabel(row, before);
      if (row.mark !== before.mark) sendMark(row, before.mark);
    },
    last: () => done.at(-1)?.place ?? null,
  };
}
