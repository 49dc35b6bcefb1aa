/* All datasets, with what each needs next. */

import { fill, h } from "../kit/dom.js";
import { count, number, time } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { at, href } from "../kit/paths.js";
import { exampleButton } from "../parts/example.js";
import { dropAnywhere, fileDrop, handOver } from "../parts/file-drop.js";
import { milestoneBar } from "../parts/milestones.js";
import { loading, problem } from "../parts/notice.js";

const PAGE = 50;

export async function show(root, context) {
  context.title("Datasets");
  const take = (file) => {
    handOver(file);
    context.go("/datasets/new");
  };
  dropAnywhere(document.getElementById("main"), take, context.signal);
  fill(root, h("h1", {}, "Datasets"), loading());
  const page = await context.api.get("/datasets", { query: { limit: PAGE }, signal: context.signal });
  if (page.items.length === 0) fill(root, welcome(context, take));
  else
    fill(
      root,
      head(context),
      list(context, page),
      fileDrop({
        onFile: take,
        compact: true,
        text: "Drop a file anywhere on this page, or choose one, to make another dataset",
      }),
    );
}

function head(context) {
  return h(
    "div",
    { class: "page-head" },
    h(
      "div",
      {},
      h("h1", {}, "Datasets"),
      h("p", { class: "muted" }, "Outputs to judge, what pass means, and people's labels on them."),
    ),
    h(
      "div",
      { class: "row" },
      exampleButton(context),
      h("a", { class: "button primary", href: href("/datasets/new") }, icon("plus"), "New dataset"),
    ),
  );
}

function welcome(context, take) {
  const steps = [
    ["Bring outputs", "A file with what went into your model and what came out of it."],
    ["Label them", "Pass or fail, with a word on why. Twenty labels show how well a judge agrees with you."],
    [
      "Get a judge",
      "From fifty labels on, a search finds a judge prompt and measures it on rows that it has never seen.",
    ],
  ];
  return h(
    "div",
    { class: "welcome stack" },
    h(
      "div",
      { class: "stack tight" },
      h("h1", {}, "From your labels to a judge you can trust"),
      h(
        "p",
        { class: "lede" },
        "Concord turns a few hundred human labels into an LLM judge whose agreement with those people is measured, not hoped for.",
      ),
    ),
    fileDrop({ onFile: take }),
    h(
      "div",
      { class: "row" },
      h("span", { class: "muted" }, "No file at hand?"),
      exampleButton(context),
      h("span", { class: "muted small" }, "A support desk's replies, labelled by two people. Works without a key."),
    ),
    h(
      "ol",
      { class: "plain columns steps" },
      steps.map(([title, text]) =>
        h("li", { class: "card stack tight" }, h("h2", {}, title), h("p", { class: "muted" }, text)),
      ),
    ),
  );
}

function list(context, first) {
  const items = h("ul", { class: "plain stack" }, first.items.map(item));
  const more = h("div", {});
  let cursor = first.next;
  const offer = () =>
    fill(more, cursor && h("button", { type: "button", class: "button", on: { click: load } }, "Show more"));
  async function load() {
    try {
      const page = await context.api.get("/datasets", { query: { limit: PAGE, cursor }, signal: context.signal });
      items.append(...page.items.map(item));
      cursor = page.next;
      offer();
    } catch (error) {
      if (!context.signal.aborted) fill(more, problem(error, { retry: load }));
    }
  }
  offer();
  return h("div", { class: "stack" }, items, more);
}

function item(dataset) {
  const { pass = 0, fail = 0 } = dataset.classes;
  const [words, to] = nextStep(dataset);
  return h(
    "li",
    { class: "card dataset-item" },
    h(
      "div",
      { class: "stack tight" },
      h("h2", {}, h("a", { href: href(at`/datasets/${dataset.id}`) }, dataset.name)),
      h(
        "p",
        { class: "muted small row" },
        h("span", {}, count(dataset.examples, "row")),
        h("span", {}, `${number(pass)} pass`),
        h("span", {}, `${number(fail)} fail`),
        dataset.unlabelled > 0 && h("span", {}, `${number(dataset.unlabelled)} without a label`),
        dataset.tied > 0 && h("span", {}, `${number(dataset.tied)} tied`),
        h("span", {}, "made ", time(dataset.created_at)),
      ),
    ),
    milestoneBar(dataset, { words: false }),
    h("a", { class: "button", href: to, "aria-label": `${words}: ${dataset.name}` }, words, icon("chevron-right")),
  );
}

function nextStep({ id, labelled, next_milestone: next }) {
  if (labelled < 20) return ["Label", href(at`/datasets/${id}/label`)];
  if (next && next.labels <= 50) return ["Evaluate", href(at`/datasets/${id}/evaluate`)];
  return ["Optimize", href(at`/datasets/${id}/optimize`)];
}
