/* A judge's versions and who put which in use, and why.
 *
 *   const part = versionsPart(context, path, {runs, onChanged});  part.element; part.show(judge)
 */

import { ApiError, isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count, estimate, time } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at, href } from "../../kit/paths.js";
import { downloadLink } from "../../kit/save.js";
import { toast } from "../../kit/toast.js";
import { badge, conclusionBadge } from "../../parts/badge.js";
import { formDialog } from "../../parts/form-dialog.js";
import { keepJudge } from "../../parts/keep-judge.js";
import { field } from "../../parts/model.js";
import { notice } from "../../parts/notice.js";

export function versionsPart(context, path, { runs, onChanged }) {
  const list = h("ul", { class: "plain second-looks" });
  const past = h("div", {});
  let judge = null;
  const add = async () => (await keepJudge(context, { runs, name: judge.name })) && onChanged();
  const button = h("button", { type: "button", class: "button small", on: { click: add } }, icon("plus"), "Another version");
  const element = h("section", { class: "card stack", "aria-labelledby": "versions-title" }, h("div", { class: "spread" }, h("h2", { id: "versions-title" }, "Versions"), button), list, past);

  async function promote(version, pressed) {
    pressed.disabled = true;
    try {
      await context.api.post(`${path}/champion`, { version: version.version }, { signal: context.signal });
      await promoted(version);
    } catch (error) {
      pressed.disabled = false;
      if (error instanceof ApiError && error.status === 409) await byWord(version, error);
      else if (!isAbort(error)) toast(error.message, { kind: "bad" });
    }
  }

  async function promoted({ version }) {
    toast(`Version ${version} is in use now.`, { kind: "good" });
    await onChanged();
  }

  /* Nothing shows that it is better: somebody may answer for it all the same. */
  async function byWord(version, refusal) {
    const because = h("textarea", { rows: 3, maxlength: 10000 });
    const by = h("input", { type: "text", maxlength: 200, value: context.session.annotator ?? "", autocomplete: "off" });
    const send = async () => {
      if (!because.value.trim() || !by.value.trim()) return "A reason and a name are needed: both stand in the judge's history.";
      return context.api.post(`${path}/champion`, { version: version.version, because: because.value.trim(), by: by.value.trim() }, { signal: context.signal });
    };
    const content = [notice("warn", "Nothing shows that it is better", h("p", {}, plain(refusal.message))), field("Why is it to be used all the same?", because), field("Your name", by)];
    if (await formDialog({ title: `Put version ${version.version} in use?`, content, action: "Put it in use", send })) await promoted(version);
  }

  return {
    element,
    show(next) {
      judge = next;
      fill(list, judge.versions.map((one) => line(context, path, one, promote)));
      fill(past, history(judge.promotions));
    },
  };
}

/* The interface's names of fields say nothing here: the form asks for both. */
function plain(text) {
  const [doubt] = text.split("; to promote it");
  return `${doubt.charAt(0).toUpperCase()}${doubt.slice(1)}.`;
}

function line({ api, signal }, path, version, promote) {
  const { version: n, is_champion: inUse, run_id: run, evaluation_id: evaluation, dataset_id: dataset, model, conclusion, measured, note, created_at: made } = version;
  const from = run ? h("a", { href: href(at`/runs/${run}`) }, "a run") : evaluation ? h("a", { href: href(at`/datasets/${dataset}/evaluate/${evaluation}`) }, "an evaluation") : "a file";
  const use = h("button", { type: "button", class: "button small", "aria-label": `Put version ${n} in use`, on: { click: (event) => promote(version, event.currentTarget) } }, "Put in use");
  return h(
    "li",
    { class: "stack tight" },
    h("div", { class: "spread" }, h("div", { class: "row" }, h("strong", {}, `Version ${n}`), inUse && badge("good", "check", "In use"), conclusionBadge(conclusion)), h("div", { class: "row" }, downloadLink(api, `${path}/versions/${n}`, { filename: "judge.json", signal, class: "button quiet small", label: `Download version ${n}` }, icon("download"), "File"), !inUse && use)),
    h("p", { class: "small" }, measured ? [`Kappa ${estimate(measured.kappa)} on ${count(measured.n, "row")}`] : "Not measured", ". ", h("span", { class: "muted" }, "From ", from, ` with ${model}, `, time(made), ".", model === "offline" && " The offline model is a demonstration, not a language model.")),
    note && h("p", { class: "small text" }, note),
  );
}

function history(promotions) {
  if (!promotions.length) return null;
  const entry = ({ version, replaced, ground, because, by, at: when }) => h("li", {}, `Version ${version}`, replaced ? ` in the place of ${replaced}, ` : ", ", time(when), ": ", ground === "improved" ? "its run says improved." : [`by ${by}'s word: `, h("q", { class: "text" }, because)]);
  return h("details", { class: "small" }, h("summary", {}, `Put in use ${promotions.length === 1 ? "once" : `${promotions.length} times`}`), h("ol", { class: "plain stack tight" }, promotions.map(entry)));
}
