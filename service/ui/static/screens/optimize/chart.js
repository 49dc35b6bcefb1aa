/* The trials of a run over its calls: a dot each, the best so far as steps, the prompt to beat as a line.
 *
 *   const chart = trialChart({onChoose: (number) => ...})
 *       chart.element; chart.show({trials, best, chosen, run}); chart.progress(run, trials, best) as calls go on
 * The table beside it says the same to who cannot see it.
 */

import { dot, line, plot, rule } from "../../kit/chart.js";
import { fill, h, s } from "../../kit/dom.js";
import { estimate, number } from "../../kit/format.js";

const WIDE = { width: 720, height: 320 };
const NARROW = { width: 400, height: 300 };
const NARROW_PX = 480;
const LOWEST = -0.2; // on few rows kappa can be very low; where the dots are that matter shall be room

export function trialChart({ onChoose }) {
  const box = h("div", { class: "trial-chart" });
  const element = h("figure", {}, box, legend());
  let state = { trials: [], best: null, chosen: null, run: null };
  let size = WIDE;
  let drawnFor = "";
  new ResizeObserver(() => {
    const next = box.clientWidth && box.clientWidth < NARROW_PX ? NARROW : WIDE;
    if (next === size) return;
    size = next;
    draw();
  }).observe(box);

  function show(next) {
    state = next;
    draw();
  }

  /* Calls tick far oftener than trials come: the axis is drawn anew only where it has to grow. */
  function progress(run, trials, best) {
    state = { ...state, run, trials, best };
    const mark = `${xEnd(run, trials)} ${Math.round((50 * (run.spend?.calls ?? 0)) / xEnd(run, trials))}`;
    if (mark !== drawnFor) draw();
    drawnFor = mark;
  }

  function draw() {
    const { trials, best, chosen, run } = state;
    if (!run) return;
    const end = xEnd(run, trials);
    const [low, high] = yRange(trials);
    const chart = plot({ ...size, x: [0, end], y: [low, high], xLabel: "Model calls", yLabel: "Agreement (kappa)", title: spoken(trials, best) });
    const baseline = trials.find((trial) => trial.is_baseline);
    const now = Math.max(run.spend?.calls ?? 0, trials.at(-1)?.calls_so_far ?? 0);
    fill(
      chart.layer,
      typeof baseline?.kappa === "number" && rule(baseline.kappa, { label: `Prompt to beat ${number(baseline.kappa, 2)}` }, chart),
      line(steps(trials, Math.min(now, end)).map(([calls, kappa]) => [chart.x(calls), chart.y(kappa)]), { class: "line best" }),
      trials.filter((trial) => trial.kappa !== null).map((trial) => mark(trial, chart, { low, best, chosen, onChoose })),
      best && best !== baseline && bestLabel(best, chart),
    );
    fill(box, chart.svg);
  }
  return { element, show, progress };
}

function mark(trial, chart, { low, best, chosen, onChoose }) {
  const isBelow = trial.kappa < low;
  const x = chart.x(trial.calls_so_far);
  const y = chart.y(Math.max(low, trial.kappa));
  const kind = trial === best ? "best" : trial.complete ? "" : "partial";
  const title = `Trial ${trial.number}: kappa ${estimate(trial.dev?.kappa ?? { value: trial.kappa })}, ${trial.complete ? "all rows" : `dropped after ${trial.rows} rows`}`;
  const point = isBelow ? arrow(x, y, title) : dot(x, y, { class: `dot ${kind}`, title, r: trial === best ? 7 : 5 });
  point.addEventListener("click", () => onChoose(trial.number));
  return [trial.number === chosen && s("circle", { class: "ring", cx: x, cy: y, r: 11 }), point];
}

/* A trial that lies below what the chart shows. */
function arrow(x, y, title) {
  return s("path", { class: "dot partial", d: `M${x - 5} ${y - 9}h10l-5 8z` }, s("title", {}, title));
}

function bestLabel(best, chart) {
  const x = chart.x(best.calls_so_far);
  const nearEnd = x > chart.size.right - 90;
  return s("text", { class: "best-label", x: nearEnd ? x - 13 : x + 13, y: chart.y(best.kappa) - 10, "text-anchor": nearEnd ? "end" : "start" }, `Best ${number(best.kappa, 2)}`);
}

/* Flat until a better one comes, then up. */
function steps(trials, now) {
  const points = [];
  let best = null;
  for (const trial of trials) {
    if (!trial.complete || trial.kappa === null || (best !== null && trial.kappa <= best)) continue;
    if (best !== null) points.push([trial.calls_so_far, best]);
    best = trial.kappa;
    points.push([trial.calls_so_far, best]);
  }
  if (best !== null && now > points.at(-1)[0]) points.push([now, best]);
  return points;
}

function xEnd(run, trials) {
  const reached = Math.max(run.spend?.calls ?? 0, trials.at(-1)?.calls_so_far ?? 0, 10);
  return run.budget?.max_calls ? Math.max(run.budget.max_calls, reached) : Math.ceil(reached * 1.1);
}

function yRange(trials) {
  const known = trials.map((trial) => trial.kappa).filter((kappa) => kappa !== null);
  const low = Math.min(0, ...known);
  const high = Math.max(0.5, ...known);
  return [Math.max(LOWEST, Math.floor(low * 10) / 10), Math.min(1, Math.ceil((high + 0.05) * 10) / 10)];
}

function spoken(trials, best) {
  if (!trials.length) return "Chart of trials: none so far.";
  const baseline = trials.find((trial) => trial.is_baseline);
  return `Chart of ${trials.length} trials over model calls. Prompt to beat: kappa ${number(baseline?.kappa ?? null, 2)}. Best so far: kappa ${number(best?.kappa ?? null, 2)}, trial ${best?.number ?? "none"}. The table of trials has all numbers.`;
}

function legend() {
  const sample = (name, text) => h("span", { class: "row legend-entry" }, s("svg", { class: "chart legend-mark", viewBox: "0 0 24 16", "aria-hidden": "true" }, shape(name)), text);
  return h("figcaption", { class: "row small muted" }, sample("dot", "Candidate on all rows"), sample("partial", "Dropped early, on some rows"), sample("line", "Best so far"), sample("rule", "Prompt to beat"));
}

function shape(name) {
  if (name === "line") return s("line", { class: "line best", x1: 1, x2: 23, y1: 8, y2: 8 });
  if (name === "rule") return s("line", { class: "rule", x1: 1, x2: 23, y1: 8, y2: 8 });
  return s("circle", { class: name === "dot" ? "dot" : "dot partial", cx: 12, cy: 8, r: 5 });
}
