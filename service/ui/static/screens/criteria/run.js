/* Asking the assertions about rows: what it would take, how far it is. It goes on while people grade.
 *
 *   const panel = runPanel(context, {dataset, models, latest, onProgress});  latest: the newest run, or null
 *       panel.element; panel.show(assertions)
 */

import { announce } from "../../kit/announce.js";
import { isAbort, isPassing } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count, number, time } from "../../kit/format.js";
import { onceKey } from "../../kit/once.js";
import { at, href } from "../../kit/paths.js";
import { follow } from "../../kit/stream.js";
import { isActive, isMoving, jobPanel } from "../../parts/job.js";
import { field, modelChoice } from "../../parts/model.js";
import { problem } from "../../parts/notice.js";

export function runPanel(context, { dataset, models, latest, onProgress }) {
  const { api, signal } = context;
  const { labelled, examples } = dataset;
  let run = latest;
  let panel = null;
  let assertions = [];
  let following = false;
  let told = "";
  const rows = h("select", { on: { change: say } }, h("option", { value: "all" }, `All rows (${number(examples)})`), h("option", { value: "labelled", disabled: !labelled }, `Labelled rows (${number(labelled)})`));
  const model = modelChoice({ models, label: "Model", onChange: say });
  const cost = h("p", { class: "hint" });
  const said = h("div", { "aria-live": "polite" });
  const button = h("button", { type: "submit", class: "button primary" }, "Run the assertions");
  const form = h("form", { class: "stack tight", on: { submit } }, field("Rows", rows), model.element, cost, said, h("div", { class: "row" }, button));
  const progress = h("div", { class: "stack tight" });
  const element = h("section", { class: "card stack tight", "aria-labelledby": "asking-title" }, h("h3", { id: "asking-title" }, "Run the assertions"), progress, form);

  function say() {
    const asked = assertions.filter((one) => one.kind === "prompt").length;
    const n = rows.value === "all" ? examples : labelled;
    fill(said);
    model.element.hidden = !asked;
    button.disabled = !assertions.length;
    if (!assertions.length) cost.textContent = "There are no assertions yet.";
    else if (!asked) cost.textContent = `${count(assertions.length, "check")} in code: nothing is asked of a model.`;
    else cost.textContent = `At most ${count(asked * n, "model call")}: ${count(asked, "assertion")} on ${count(n, "row")}. What has been asked already is not asked again.`;
  }

  async function submit(event) {
    event.preventDefault();
    const wrong = model.problem();
    if (wrong) return void fill(said, h("p", { class: "wrong" }, wrong));
    button.disabled = true;
    const key = onceKey();
    try {
      changed(await api.post("/assertion-runs", { dataset_id: dataset.id, rows: rows.value, ...(model.element.hidden ? {} : model.value()) }, { key, signal }));
    } catch (error) {
      if (!isAbort(error)) fill(said, problem(error, { retry: isPassing(error) ? () => form.requestSubmit() : null }));
    } finally {
      button.disabled = false;
    }
  }

  function changed(state) {
    const before = run;
    const isOther = !before || (state.id && state.id !== before.id);
    run = isOther ? state : { ...before, ...state };
    if (isOther || !panel) panel = jobPanel(context, { path: at`/assertion-runs/${run.id}`, noun: "run", state: run, onChange: changed });
    else panel.show(run);
    draw();
    if (!isOther && run.status === "succeeded" && before.status !== "succeeded") announce("The assertions have been run.");
    if (isMoving(run) && !following) watch();
  }

  function draw() {
    form.hidden = Boolean(run && isActive(run));
    const grade = h("a", { href: href(at`/datasets/${dataset.id}/label`, { order: "evalgen" }) }, "Grade rows meanwhile");
    fill(progress, panel?.element, run && !isActive(run) && h("p", { class: "small muted" }, "Last run ", time(run.ended_at ?? run.created_at), `, on ${run.rows === "all" ? "all" : "labelled"} rows.`), run && isActive(run) && h("p", { class: "small" }, "It goes on without this page. ", grade, "."));
  }

  async function watch() {
    following = true;
    try {
      await follow(api, at`/assertion-runs/${run.id}/events`, { signal, on: (name, data) => name === "progress" && progressed(data) });
    } catch (error) {
      if (!signal.aborted) fill(said, problem(error, { retry: watch }));
    } finally {
      following = false;
    }
  }

  function progressed(state) {
    changed(state);
    const mark = `${state.status} ${state.progress?.done}`;
    if (mark !== told) onProgress();
    told = mark;
  }

  if (run) changed(run);
  say();
  return {
    element,
    show(next) {
      assertions = next;
      say();
    },
  };
}
