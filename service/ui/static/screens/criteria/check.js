/* A check in code: written, tried on rows before it is stored, refused with the place and the reason.
 *
 *   const check = checkFields(context, {dataset, text?});  check.element; check.value() -> {text}; check.wrong()
 *   refusal(error, text)   a refused check with its place marked; any other error as it is
 */

import { isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { count, sentence } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at } from "../../kit/paths.js";
import { labelBadge, verdictBadge } from "../../parts/badge.js";
import { field } from "../../parts/model.js";
import { loading, notice, problem } from "../../parts/notice.js";

const TRIED = 30;
const START_CHARS = 160;

export function checkFields(context, { dataset, text = "" }) {
  const area = h("textarea", { class: "mono", rows: 3, maxlength: 20000, value: text, spellcheck: "false", placeholder: "words(output) <= 120", on: { input: () => fill(tried) } });
  const tried = h("div", { "aria-live": "polite" });
  const button = h("button", { type: "button", class: "button small", on: { click: tryIt } }, icon("play"), `Try it on ${TRIED} rows`);
  const hint = "input and output are the row's texts. The check is true where the output meets the criterion.";
  const element = h("div", { class: "stack tight" }, field("Expression", area, hint), h("div", {}, button), tried, functionList(context));
  let rows = null;

  async function tryIt() {
    const expression = area.value.trim();
    if (!expression) return void fill(tried, h("p", { class: "wrong" }, "Write an expression first."));
    button.disabled = true;
    try {
      rows ??= await someRows(context, dataset);
      const asked = rows.map(({ input, output }) => ({ input, output }));
      const { cells } = await context.api.post("/checks/try", { expression, rows: asked }, { signal: context.signal });
      fill(tried, results(rows, cells));
    } catch (error) {
      if (!isAbort(error)) fill(tried, refusal(error, expression));
    } finally {
      button.disabled = false;
    }
  }

  return { element, value: () => ({ text: area.value.trim() }), wrong: () => (area.value.trim() ? "" : "Write an expression, as in words(output) <= 120.") };
}

/* Labelled rows first: beside people's word one sees what the check is worth. */
async function someRows({ api, signal }, { id, labelled }) {
  const query = labelled ? { limit: TRIED, labelled: true } : { limit: TRIED };
  return (await api.get(at`/datasets/${id}/examples`, { query, signal })).items;
}

function results(rows, cells) {
  const failed = cells.filter((cell) => cell.verdict === "fail").length;
  const none = cells.filter((cell) => !cell.verdict).length;
  const said = `It fails ${failed} of ${count(rows.length, "row")}${none ? ` and gives no verdict on ${none}` : ""}.`;
  const body = rows.map((row, i) => h("tr", {}, h("td", {}, cells[i].verdict ? verdictBadge(cells[i].verdict) : h("span", { title: cells[i].error }, verdictBadge(null))), h("td", {}, row.label ? labelBadge(row.label) : h("span", { class: "muted" }, "no label")), h("td", { class: "small" }, h("span", { class: "clip" }, cells[i].error ?? row.output.slice(0, START_CHARS)))));
  const head = h("thead", {}, h("tr", {}, ["The check", "People", "Output"].map((word) => h("th", { scope: "col" }, word))));
  return h("div", { class: "stack tight" }, h("p", {}, said), h("div", { class: "scroll tried-rows", tabindex: "0", role: "region", "aria-label": "What the check says" }, h("table", {}, head, h("tbody", {}, body))));
}

export function refusal(error, text) {
  const { line, column, reason } = error.body ?? {};
  if (error.code !== "check_refused" || !line) return problem(error);
  const shown = text.split("\n")[line - 1] ?? "";
  const box = notice(
    "bad",
    "The check cannot be used",
    h("p", {}, `Line ${line}, column ${column}: `, sentence(reason)),
    h("pre", { class: "refused-at" }, shown.slice(0, column - 1), h("mark", {}, shown.slice(column - 1) || " ")),
  );
  box.setAttribute("role", "alert");
  return box;
}

function functionList({ api, signal }) {
  const body = h("div", {});
  const load = async () => {
    if (body.childElementCount) return;
    fill(body, loading());
    try {
      fill(body, functions(await api.get("/checks/functions", { signal })));
    } catch (error) {
      if (!isAbort(error)) fill(body, problem(error));
    }
  };
  const element = h("details", { class: "small", on: { toggle: () => element.open && load() } }, h("summary", {}, "Functions that a check may use"), body);
  return element;
}

function functions(notes) {
  const line = ({ call, gives, example }) => h("tr", {}, h("td", {}, h("code", {}, call)), h("td", {}, gives), h("td", {}, h("code", {}, example)));
  const head = h("thead", {}, h("tr", {}, ["Call", "Gives", "In a check"].map((word) => h("th", { scope: "col" }, word))));
  return h("div", { class: "scroll tried-rows", tabindex: "0", role: "region", "aria-label": "Functions" }, h("table", {}, head, h("tbody", {}, notes.map(line))));
}
