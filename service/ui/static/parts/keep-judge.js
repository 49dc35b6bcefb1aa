/* Keeping a run's judge under a name, from wherever one is.
 *
 *   await keepJudge(context, {runs, run?, name?}) -> the new version with its judge's name, or null
 *       runs: succeeded ones to choose from; run: the one that is meant already; name: of the judge it belongs to
 */

import { h } from "../kit/dom.js";
import { date, number } from "../kit/format.js";
import { onceKey } from "../kit/once.js";
import { formDialog } from "./form-dialog.js";
import { field } from "./model.js";
import { notice } from "./notice.js";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export async function keepJudge(context, { runs, run = null, name = null }) {
  const names = h("input", { type: "text", maxlength: 100, autocomplete: "off", spellcheck: "false", placeholder: "support-desk" });
  const select = h("select", {}, runs.map((one) => h("option", { value: one.id, selected: one.id === run }, runWords(one))));
  const note = h("input", { type: "text", maxlength: 2000, autocomplete: "off" });
  const key = onceKey();
  const content = [
    name === null && field("Name", names, "Letters, digits, dots, dashes. A name that is there already gets another version."),
    runs.length ? field("Best judge of the run", select) : notice("info", null, h("p", {}, "No run has ended yet.")),
    field("Note", note, "What is to be known about this version."),
  ];
  const send = async () => {
    const chosen = name ?? names.value.trim();
    if (!NAME.test(chosen)) return "A name begins with a letter or a digit, and has no spaces.";
    if (!runs.length) return "It takes a run that has ended.";
    const body = { name: chosen, from: { run_id: select.value }, ...(note.value.trim() ? { note: note.value.trim() } : {}) };
    const version = await context.api.post("/judges", body, { key, signal: context.signal });
    return { name: chosen, version };
  };
  return formDialog({ title: name === null ? "Keep a judge under a name" : `Another version of ${name}`, content, action: "Keep it", send });
}

function runWords({ strategy, model, test_kappa: kappa, ended_at: ended }) {
  return `${strategy} with ${model}, ${kappa === null ? "not measured" : `kappa ${number(kappa, 2)} on test`}, ${date(ended)}`;
}
