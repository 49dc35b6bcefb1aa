/* What came out of a run, in a sentence, and what to do now.
 *
 *   conclusion(context, run, report, {getText, tryIt})   getText() -> Promise of the prompt; tryIt() leads to trying it
 *   warnings(report)                                     what a reader must be told, or null
 */

import { isAbort } from "../../kit/api.js";
import { copyButton } from "../../kit/copy.js";
import { confirm } from "../../kit/dialog.js";
import { h } from "../../kit/dom.js";
import { number, sentence } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at, href } from "../../kit/paths.js";
import { toast } from "../../kit/toast.js";
import { badge } from "../../parts/badge.js";
import { notice } from "../../parts/notice.js";
import { changeBars } from "../../parts/runs.js";
import { headline, isSame, nextSteps } from "./words.js";

export function conclusion(context, run, found, ways) {
  const { kind, icon: picture, title, said, sureness } = headline(found);
  return h(
    "section",
    { class: "card conclusion", data: { kind }, "aria-label": "Conclusion" },
    h(
      "div",
      { class: "conclusion-said" },
      h("div", { class: "row" }, h("h1", {}, icon(picture), title), provenance(found.provenance)),
      h("p", { class: "conclusion-sentence" }, said),
      sureness && h("p", {}, sureness),
    ),
    figure(found.test),
    next(context, run, found, ways),
  );
}

/* The two numbers of the sentence, for the eye. */
function figure({ baseline, best }) {
  if (typeof baseline?.kappa.value !== "number" || typeof best?.kappa.value !== "number" || isSame(baseline, best)) return null;
  const one = (found, word) => h("div", { class: "figure-one" }, h("span", { class: "figure-number" }, number(found.value, 2)), h("span", { class: "muted small" }, word));
  return h("div", { class: "conclusion-figure", "aria-hidden": "true" }, h("div", { class: "figure-pair" }, one(baseline.kappa, "kappa before"), h("span", { class: "figure-arrow" }, "→"), one(best.kappa, "kappa after")), changeBars(baseline.kappa, best.kappa));
}

function provenance(from) {
  if (from === "model") return null;
  return badge("info", "info", from === "simulated" ? "Simulated" : "Demonstration, not a language model");
}

function next(context, run, found, { getText, tryIt }) {
  const { advice, steps } = nextSteps(found);
  const to = (path, word) => h("a", { class: "button", href: href(path) }, word);
  const made = {
    copy: () => copyButton(getText, "Copy the prompt"),
    try: () => h("button", { type: "button", class: "button", on: { click: tryIt } }, "Try it on a text"),
    "judge-all": () => h("button", { type: "button", class: "button", on: { click: (event) => judgeAll(context, run, event.currentTarget) } }, "See where it disagrees"),
    label: () => to(at`/datasets/${run.dataset_id}/label`, "Label more rows"),
    optimize: () => to(at`/datasets/${run.dataset_id}/optimize`, "Start another run"),
  };
  const buttons = steps.map((step) => made[step]());
  buttons[0].classList.add("primary");
  return h("div", { class: "conclusion-next stack tight" }, h("h2", {}, "What to do now"), h("p", {}, advice), h("div", { class: "row" }, buttons));
}

/* An evaluation with this run's judge shows each row beside the judge's reason. */
async function judgeAll({ api, signal, go }, run, pressed) {
  const text = `The judge is asked about every labelled row of the dataset, and you see each row on which it disagrees with people. That takes one call of ${run.model} a row; answers that it has given before cost nothing.`;
  if (!(await confirm({ title: "Judge all labelled rows?", text, action: "Judge them" }))) return;
  pressed.disabled = true;
  try {
    const made = await api.post("/evaluations", { dataset_id: run.dataset_id, judge: { run_id: run.id } }, { signal });
    go(at`/datasets/${run.dataset_id}/evaluate/${made.id}`);
  } catch (error) {
    pressed.disabled = false;
    if (!isAbort(error)) toast(error.message, { kind: "bad" });
  }
}

export function warnings({ warnings: found }) {
  if (!found.length) return null;
  const list = found.length > 1 ? h("ul", {}, found.map((text) => h("li", {}, sentence(text)))) : h("p", {}, sentence(found[0]));
  return notice("warn", "Keep in mind", list);
}
