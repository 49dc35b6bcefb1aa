/* Everything that can be taken away from a run: the judge in each form, its report, its page in MLflow.
 *
 *   exportsCard(context, run, formats)   formats: the answer of GET /formats
 */

import { copyButton } from "../../kit/copy.js";
import { h } from "../../kit/dom.js";
import { icon } from "../../kit/icons.js";
import { at } from "../../kit/paths.js";
import { downloadLink } from "../../kit/save.js";

const NAMES = { json: "judge.json", text: "judge.txt", messages: "judge.messages.json", dspy: "judge.dspy.json", mlflow: "judge.mlflow.json", promptfoo: "promptfooconfig.json" };
const PAGES = [
  ["run", "This run in MLflow"],
  ["trials", "Its trials as charts in MLflow"],
  ["compare", "Beside the dataset's other runs in MLflow"],
];

export function exportsCard(context, run, formats) {
  return h(
    "section",
    { class: "card stack", "aria-labelledby": "exports" },
    h("div", { class: "stack tight" }, h("h2", { id: "exports" }, "Take it away"), h("p", { class: "muted small" }, "The judge works without this service. Each file holds the same judge.")),
    h("ul", { class: "plain exports" }, formats.map((format) => exported(context, run, format))),
    h("div", { class: "stack tight" }, h("h3", {}, "The report"), reports(context, run)),
    mlflow(run),
  );
}

function exported({ api, signal }, run, { name, summary }) {
  const path = at`/runs/${run.id}/best`;
  const query = { format: name };
  const filename = NAMES[name] ?? `judge.${name}`;
  return h(
    "li",
    { class: "export" },
    h("div", { class: "spread" }, downloadLink(api, path, { query, filename, signal, class: "export-name" }, icon("download"), h("span", { class: "visually-hidden" }, "Download "), filename), copyButton(() => api.text(path, { query, signal }), "Copy")),
    h("p", { class: "small muted" }, summary),
  );
}

function reports({ api, signal }, run) {
  const path = at`/runs/${run.id}/report`;
  const link = (format, filename, words) => h("li", {}, downloadLink(api, path, { query: { format }, filename, signal, class: "export-name" }, icon("download"), h("span", { class: "visually-hidden" }, "Download "), filename), h("p", { class: "small muted" }, words));
  return h("ul", { class: "plain exports" }, link("markdown", "report.md", "Markdown, to read and to file, with the prompt in it."), link("json", "report.json", "Every number, for programs."));
}

function mlflow(run) {
  const pages = PAGES.filter(([name]) => /^https?:/.test(run.mlflow?.[name] ?? ""));
  const link = ([name, words]) => h("li", {}, h("a", { href: run.mlflow[name], target: "_blank", rel: "noopener noreferrer" }, words, " ", icon("external"), h("span", { class: "visually-hidden" }, " (opens beside this page)")));
  const trouble = run.mlflow_trouble && h("p", { class: "small muted" }, `MLflow is behind: ${run.mlflow_trouble}`);
  if (!pages.length && !trouble) return null;
  return h("div", { class: "stack tight" }, h("h3", {}, "MLflow"), pages.length > 0 && h("ul", { class: "plain stack tight" }, pages.map(link)), trouble);
}
