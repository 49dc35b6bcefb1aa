/* One run: what came out in a plain sentence, what to do now, and what that rests on. A run that has not
 * succeeded says where it is, or why it stopped and what mends it. */

import { announce } from "../kit/announce.js";
import { isAbort } from "../kit/api.js";
import { copy } from "../kit/copy.js";
import { fill, h } from "../kit/dom.js";
import { at, href } from "../kit/paths.js";
import { follow } from "../kit/stream.js";
import { toast } from "../kit/toast.js";
import { isMoving } from "../parts/job.js";
import { loading } from "../parts/notice.js";
import { runName } from "../parts/runs.js";
import { aboutRun } from "./run/about.js";
import { conclusion, warnings } from "./run/conclusion.js";
import { agreements, inPractice } from "./run/evidence.js";
import { exportsCard } from "./run/exports.js";
import { judgeSection } from "./run/judge.js";
import { standing } from "./run/standing.js";
import { tryIt } from "./run/trying.js";
import { headline } from "./run/words.js";

const TITLES = { queued: "Waiting to start", running: "Running", paused: "Paused", failed: "Failed", cancelled: "Cancelled" };

export async function show(root, context) {
  fill(root, loading());
  const { api, signal, params } = context;
  const run = await api.get(at`/runs/${params.id}`, { signal });
  const dataset = await api.get(at`/datasets/${run.dataset_id}`, { signal });
  if (run.status === "succeeded") await report(root, context, run, dataset);
  else underway(root, context, run, dataset);
}

function head(run, dataset, title) {
  return h(
    "div",
    { class: "stack tight" },
    h(
      "nav",
      { "aria-label": "Where this run is", class: "crumbs" },
      h("a", { href: href(at`/datasets/${dataset.id}`) }, dataset.name),
      h("a", { href: href("/runs", { dataset: dataset.id }) }, "Runs"),
      h("span", { "aria-current": "page" }, runName(run)),
    ),
    title,
  );
}

/* --- not done, or stopped ----------------------------------------------------------------------------- */

function underway(root, context, run, dataset) {
  const title = h("h1", {}, TITLES[run.status]);
    const stop = new AbortController(); // what belongs to this status ends with it
  context.signal.addEventListener("abort", () => stop.abort());
  const draw = (next) => (next.status === run.status ? part.show(next) : again(next));
  const part = standing(context, run, draw);
  const again = (next) => {
    stop.abort();
    announce(`The run is ${next.status}`);
    show(root, context).catch((error) => isAbort(error) || toast(error.message, { kind: "bad" }));
  };
  context.title(`${TITLES[run.status]}: ${dataset.name}`);
  fill(root, head(run, dataset, title), h("div", { class: "report" }, h("div", { class: "report-main" }, part.element), h("aside", { class: "report-aside" }, aboutRun(run, dataset))));
  if (isMoving(run)) watch(context.api, run, draw, stop.signal);
}

async function watch(api, run, draw, signal) {
  const path = at`/runs/${run.id}`;
  let latest = run;
  const on = async (name, data) => {
    if (name === "progress") draw((latest = { ...latest, ...data }));
    if (name === "trial") latest = { ...latest, ...(await api.get(path, { signal })) };
  };
  const told = (name, data) => on(name, data).catch((error) => isAbort(error) || toast(error.message, { kind: "bad" }));
  try {
    await follow(api, at`/runs/${run.id}/events`, { on: told, signal });
  } catch (error) {
    if (!isAbort(error)) toast(error.message, { kind: "bad" });
  }
}

/* --- the report --------------------------------------------------------------------------------------- */

async function report(root, context, run, dataset) {
  const { api, signal, keys } = context;
  const path = at`/runs/${run.id}`;
  const ask = (rest, query) => api.get(`${path}${rest}`, { query, signal });
  const [found, artifact, trials, formats] = await Promise.all([ask("/report"), ask("/best"), ask("/trials", { limit: 1 }), api.get("/formats", { signal })]);
  const getText = () => api.text(`${path}/best`, { query: { format: "text" }, signal });
  const baseline = trials.items.find((trial) => trial.is_baseline) ?? null;
  const trying = tryIt(context, run);
  context.title(`${headline(found).title}: ${dataset.name}`);
  fill(
    root,
    head(run, dataset, conclusion(context, run, found, { getText, tryIt: trying.focus })),
    h(
      "div",
      { class: "report" },
      h("div", { class: "report-main" }, warnings(found), agreements(found), inPractice(found), judgeSection({ artifact, baseline }, getText), trying.element),
      h("aside", { class: "report-aside" }, exportsCard(context, run, formats), aboutRun(run, dataset, found)),
    ),
  );
  keys.bind(
    [
      { key: "c", label: "Copy the best prompt", run: () => copyPrompt(getText) },
      { key: "t", label: "Try the judge", run: () => trying.focus() },
    ],
    { signal, group: "This run" },
  );
}

async function copyPrompt(getText) {
  try {
    if (await copy(await getText())) toast("The prompt is copied", { kind: "good" });
    else toast("The browser does not allow copying: select the prompt's text", { kind: "warn" });
  } catch (error) {
    if (!isAbort(error)) toast(error.message, { kind: "bad" });
  }
}
