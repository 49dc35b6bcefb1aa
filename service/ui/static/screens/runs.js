/* All runs, or (#/runs?dataset=) those of one dataset: what came of each, what it took; two of them to compare. */

import { announce } from "../kit/announce.js";
import { isAbort, isPassing } from "../kit/api.js";
import { fill, h } from "../kit/dom.js";
import { count, date, duration, money, number, time } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { at, href } from "../kit/paths.js";
import { pause } from "../kit/stream.js";
import { toast } from "../kit/toast.js";
import { datasetFrame } from "../parts/dataset.js";
import { isMoving } from "../parts/job.js";
import { empty, loading, problem } from "../parts/notice.js";
import { datasetNames, outcome, runName } from "../parts/runs.js";
import { chooser } from "./runs/choosing.js";

const PAGE = 50;
const LOOK_MS = 2000;

export async function show(root, context) {
  const datasetId = context.query.get("dataset");
  const chosen = [context.query.get("a"), context.query.get("b")].filter(Boolean);
  const body = datasetId ? (await datasetFrame(root, context, "runs", { id: datasetId })).body : everywhere(root, context);
  fill(body, loading());
  const names = datasetId ? null : datasetNames(context.api, context.signal);
  await list(body, context, { datasetId, names: await names, chosen });
}

function everywhere(root, context) {
  context.title("Runs");
  const body = h("div", { class: "stack" });
  const intro = "Each run searches for a better judge prompt on one dataset and measures it on rows that it never saw.";
  fill(root, h("div", { class: "stack tight" }, h("h1", {}, "Runs"), h("p", { class: "muted" }, intro)), body);
  return body;
}

async function list(body, context, { datasetId, names, chosen }) {
  const { api, signal } = context;
  const ask = (query) => api.get("/runs", { query: { dataset_id: datasetId, limit: PAGE, ...query }, signal });
  const first = await ask();
  if (!first.items.length) return void fill(body, nothing(datasetId));
  const choice = chooser(context, chosen, datasetId);
  const rows = h("tbody", {});
  const more = h("button", { type: "button", class: "button", hidden: !first.next, on: { click: older } }, "Show older runs");
  const lines = new Map();
  let cursor = first.next;

  function add(run) {
    const line = runLine(run, names, choice);
    lines.set(run.id, { run, line });
    rows.append(line);
  }

  async function older() {
    more.disabled = true;
    try {
      const page = await ask({ cursor });
      cursor = page.next;
      page.items.forEach(add);
      more.hidden = !cursor;
      announce(`${count(page.items.length, "older run")} shown`);
      if (page.items.length) lines.get(page.items[0].id).line.querySelector("a").focus();
    } catch (error) {
      if (!isAbort(error)) toast(error.message, { kind: "bad" });
    } finally {
      more.disabled = false;
    }
  }

  /* What moves is asked for again, and redrawn in its place. */
  async function look() {
    const moving = [...lines.values()].filter(({ run }) => isMoving(run));
    const found = await Promise.all(moving.map(({ run }) => api.get(at`/runs/${run.id}`, { signal })));
    for (const run of found) {
      const { line } = lines.get(run.id);
      fill(line.querySelector(".outcome-cell"), outcome(run));
      fill(line.querySelector(".calls"), number(run.spend.calls));
      fill(line.querySelector(".cost"), cost(run.spend));
      fill(line.querySelector(".wall"), wall(run.spend));
      if (!isMoving(run)) announce(`${runName(run)}: ${run.status}`);
      lines.get(run.id).run = run;
    }
  }

  first.items.forEach(add);
  fill(body, start(datasetId), table(rows, names), h("div", { class: "row" }, more), choice.element);
  watch(lines, look, signal, body);
}

async function watch(lines, look, signal, body) {
  while (!signal.aborted) {
    await pause(LOOK_MS, signal);
    if (signal.aborted || document.hidden || ![...lines.values()].some(({ run }) => isMoving(run))) continue;
    try {
      await look();
    } catch (error) {
      if (isAbort(error) || isPassing(error)) continue;
      return void body.prepend(problem(error));
    }
  }
}

/* --- the table ---------------------------------------------------------------------------------------- */

function table(rows, names) {
  const head = (name, word, kind) => h("th", { scope: "col", role: "columnheader", class: kind, title: name }, word);
  return h(
    "div",
    { class: "card flush" },
    h(
      "table",
      { class: "runs", role: "table", "aria-label": "Runs, newest first" },
      h(
        "thead",
        { role: "rowgroup" },
        h(
          "tr",
          { role: "row" },
          h("th", { scope: "col", role: "columnheader" }, h("span", { class: "visually-hidden" }, "Compare")),
          head(null, names ? "Run and dataset" : "Run"),
          head("Kappa on test rows before and after, with the 95 % interval of the best prompt", "Outcome: agreement before → after"),
          head(null, "Calls", "num"),
          head(null, "Cost", "num"),
          head(null, "Time", "num"),
        ),
      ),
      (rows.setAttribute("role", "rowgroup"), rows),
    ),
  );
}

function runLine(run, names, choice) {
  const cell = (name, word, content, kind = "num tabular") => h("td", { role: "cell", class: [kind, name], data: { name: word } }, content);
  return h(
    "tr",
    { role: "row" },
    h("td", { role: "cell", class: "pick" }, choice.box(run)),
    h(
      "th",
      { scope: "row", role: "rowheader", class: "run-name" },
      h("a", { href: href(at`/runs/${run.id}`) }, run.strategy, h("span", { class: "visually-hidden" }, `, ${date(run.created_at)}`)),
      h("span", { class: "run-note" }, names && [names.get(run.dataset_id) ?? run.dataset_id, " · "], run.model, " · ", time(run.created_at)),
    ),
    cell("outcome-cell", "Outcome", outcome(run), "tabular"),
    cell("calls", "Calls", number(run.spend.calls)),
    cell("cost", "Cost", cost(run.spend)),
    cell("wall", "Time", wall(run.spend)),
  );
}

function cost(spend) {
  return spend.cost_usd === null ? "not known" : money(spend.cost_usd);
}

function wall(spend) {
  return spend.wall_s ? duration(spend.wall_s) : "–";
}

/* --- around it ---------------------------------------------------------------------------------------- */

function start(datasetId) {
  if (!datasetId) return null;
  return h("div", { class: "row" }, h("a", { class: "button primary", href: href(at`/datasets/${datasetId}/optimize`) }, icon("plus"), "Start a run"));
}

function nothing(datasetId) {
  if (datasetId) {
    const action = h("a", { class: "button primary", href: href(at`/datasets/${datasetId}/optimize`) }, "Start the first run");
    return empty({ icon: "sparkle", title: "No run yet", text: "A run searches for a prompt that agrees with your labels, and measures it on rows that it never saw. It takes 50 labels, at least 10 of each kind.", actions: [action] });
  }
  const action = h("a", { class: "button primary", href: href("/datasets") }, "To the datasets");
  return empty({ icon: "sparkle", title: "No run yet", text: "A run starts from a dataset with labels: open one and choose Optimize.", actions: [action] });
}
