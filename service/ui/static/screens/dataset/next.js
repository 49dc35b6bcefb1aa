/* The one thing to do now, said first; what else can be done beside it. */

import { fragment, h } from "../../kit/dom.js";
import { count } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { at, href } from "../../kit/paths.js";
import { missingText } from "../../parts/milestones.js";

export function nextSteps(dataset, runs) {
  const { title, text, main, others = [] } = step(dataset, runs);
  return fragment(
    h(
      "div",
      { class: "page-head" },
      h("div", {}, h("h2", { id: "next-title" }, title), h("p", { class: "muted" }, text)),
      h(
        "div",
        { class: "row" },
        others.map(([words, to]) => h("a", { class: "button", href: to }, words)),
        h("a", { class: "button primary", href: main[1] }, main[0], icon("chevron-right")),
      ),
    ),
  );
}

function step(dataset, runs) {
  const { id, labelled, tied, next_milestone: next } = dataset;
  const label = ["Label", href(at`/datasets/${id}/label`)];
  const evaluate = ["Evaluate a judge", href(at`/datasets/${id}/evaluate`)];
  const optimize = ["Find a better judge", href(at`/datasets/${id}/optimize`)];
  if (labelled === 0)
    return { title: "Label the first rows", text: "Twenty labels show how well a judge agrees with you.", main: label };
  if (labelled < 20)
    return {
      title: "Go on labelling",
      text: `${missingText(next)}, and you can see how well a judge agrees with you.`,
      main: label,
    };
  if (tied > 0)
    return {
      title: `Settle ${count(tied, "tied row")}`,
      text: "As many people passed as failed them. One more label decides.",
      main: label,
      others: [evaluate],
    };
  if (next && next.labels <= 50)
    return {
      title: "See how well a judge agrees with you",
      text: `Then label on: ${missingText(next)} until a search for a better judge can start.`,
      main: evaluate,
      others: [label],
    };
  const running = runs.find((run) => ["queued", "running", "paused"].includes(run.status));
  if (running)
    return {
      title: "A run is under way",
      text: "It searches for a judge that agrees better with the labels.",
      main: ["Watch the run", href(at`/runs/${running.id}`)],
      others: [label],
    };
  const done = runs.find((run) => run.status === "succeeded");
  if (done)
    return {
      title: "Read what the last run found",
      text: "Its report says how well the judge agrees with people on rows that nothing was tuned on.",
      main: ["Read the report", href(at`/runs/${done.id}`)],
      others: [label, optimize],
    };
  return {
    title: "Search for a better judge",
    text: "There are enough labels. Evaluate a judge first if you want to see where you start from.",
    main: optimize,
    others: [label, evaluate],
  };
}
