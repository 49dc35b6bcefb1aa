/* Judging a pasted batch, or a file. What is judged is kept as traffic, unless one says otherwise.
 *
 *   const part = batchPart(context, path, {onJudged});  part.element; part.show(judge)
 */

import { announce } from "../../kit/announce.js";
import { isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count, money, number, percent } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { saveText } from "../../kit/save.js";
import { verdictBadge } from "../../parts/badge.js";
import { readBatch } from "../../parts/batch.js";
import { problem } from "../../parts/notice.js";

const AT_ONCE = 500; // the API takes 1,000 rows in a request; with fewer one sees it go on
const SHOWN = 50;
const START_CHARS = 200;

export function batchPart(context, path, { onJudged }) {
  const text = h("textarea", { id: "batch", class: "mono", rows: 7, spellcheck: "false", placeholder: "id,input,output\n17,Where is my parcel?,It is on its way.", "aria-describedby": "batch-hint" });
  const file = h("input", { type: "file", class: "visually-hidden", accept: ".csv,.json,.jsonl,.ndjson,.txt", on: { change: take } });
  const keep = h("input", { type: "checkbox", checked: true });
  const answer = h("div", { "aria-live": "polite" });
  const button = h("button", { type: "submit", class: "button primary" }, icon("play"), "Judge them");
  const form = h(
    "form",
    { class: "stack", on: { submit } },
    h("div", { class: "field" }, h("label", { class: "label", for: "batch" }, "Rows"), text, h("p", { class: "hint", id: "batch-hint" }, "CSV with a heading (id, input, output), JSON Lines, or one output as it is. A row with an id is kept once, however often it is judged.")),
    h("label", { class: "check" }, keep, h("span", {}, "Keep them as traffic, for the pass rate and for samples")),
    h("div", { class: "row" }, button, h("label", { class: "button" }, icon("upload"), "From a file", file)),
  );
  const element = h("section", { class: "card stack", "aria-labelledby": "batch-title" }, h("h2", { id: "batch-title" }, "Judge a batch"), form, answer);

  async function take() {
    const [given] = file.files;
    file.value = "";
    if (given) text.value = await given.text();
    text.focus();
  }

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      const { rows } = readBatch(text.value);
      const found = await judged(rows);
      fill(answer, results(rows, found));
      announce(`${count(rows.length, "row")} judged.`);
      await onJudged();
    } catch (error) {
      if (isAbort(error)) return;
      fill(answer, error.title ? problem(error) : h("p", { class: "wrong", role: "alert" }, error.message));
    } finally {
      button.disabled = false;
    }
  }

  async function judged(rows) {
    const verdicts = [];
    const total = { kept: 0, cost: 0, cached: 0, calls: 0, version: null };
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      fill(answer, h("p", { class: "muted tabular" }, `Judging: ${number(from)} of ${count(rows.length, "row")} …`));
      const found = await context.api.post(`${path}/verdicts`, { examples: rows.slice(from, from + AT_ONCE), keep: keep.checked }, { signal: context.signal });
      verdicts.push(...found.verdicts);
      total.kept += found.kept;
      total.version = found.version;
      total.calls += found.usage.calls ?? 0;
      total.cached += found.usage.cached_calls ?? 0;
      total.cost = total.cost === null || typeof found.usage.cost_usd !== "number" ? null : total.cost + found.usage.cost_usd;
    }
    return { verdicts, ...total };
  }

  return { element, show: ({ champion }) => (button.disabled = !champion) };
}

function results(rows, { verdicts, kept, version, calls, cached, cost }) {
  const passed = verdicts.filter((one) => one.verdict === "pass").length;
  const failed = verdicts.filter((one) => one.verdict === "fail").length;
  const none = verdicts.length - passed - failed;
  const parts = [`${number(passed)} pass`, `${number(failed)} fail`, none && `${number(none)} without a verdict`].filter(Boolean).join(", ");
  const spent = `${count(calls, "model call")}${cached ? `, ${number(cached)} of them answered before` : ""}, ${cost === null ? "price not known" : money(cost)}.`;
  const save = () => saveText(`${verdicts.map((one, i) => JSON.stringify({ ...rows[i], ...one })).join("\n")}\n`, "verdicts.jsonl", "application/x-ndjson");
  return h(
    "div",
    { class: "stack tight" },
    h("p", {}, h("strong", {}, parts), ` by version ${version}. `, kept ? `${count(kept, "row")} added to the traffic.` : "Nothing was added to the traffic."),
    h("p", { class: "small muted" }, spent),
    h("ul", { class: "plain second-looks scroll batch-verdicts", tabindex: "0", "aria-label": "Verdicts" }, verdicts.slice(0, SHOWN).map((one, i) => line(rows[i], one))),
    h("div", { class: "row" }, h("button", { type: "button", class: "button small", on: { click: save } }, icon("download"), "All as JSON Lines"), verdicts.length > SHOWN && h("span", { class: "small muted" }, `The first ${SHOWN} of ${number(verdicts.length)} are shown.`)),
  );
}

function line(row, { id, verdict, failure, fail_probability: fail, rationale, message }) {
  return h("li", { class: "stack tight" }, h("div", { class: "row" }, verdictBadge(verdict, failure), h("span", { class: "mono" }, row.id ?? id), typeof fail === "number" && h("span", { class: "small muted" }, `${percent(fail)} for fail`)), h("p", { class: "clip small" }, row.output.slice(0, START_CHARS)), (rationale ?? message) && h("p", { class: "small muted text" }, rationale ?? message));
}
