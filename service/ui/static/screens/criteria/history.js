/* What was done to a criterion, newest first, with what each change of its words changed; asked for when opened. */

import { showDiff } from "../../kit/diff.js";
import { fill, h } from "../../kit/dom.js";
import { time } from "../../kit/format.js";
import { at } from "../../kit/paths.js";
import { loading, problem } from "../../parts/notice.js";
import { originWords } from "./words.js";

const EVENTS = { changed: "Changed", retired: "Retired", restored: "Restored", split: "Split into others", merged: "Merged into another" };

export function criterionHistory(context, dataset) {
  let criterion = null;
  let known = "";
  const body = h("div", {});
  const element = h("details", { class: "small", on: { toggle: () => element.open && load() } }, h("summary", {}, "History"), body);

  async function load() {
    const key = `${criterion.id} ${criterion.version} ${criterion.changed_at}`;
    if (known === key) return;
    fill(body, loading());
    try {
      const { history } = await context.api.get(at`/datasets/${dataset.id}/criteria/${criterion.id}`, { signal: context.signal });
      known = key;
      fill(body, h("ol", { class: "plain stack tight history" }, history.map((one, i) => entry(one, history[i - 1])).reverse()));
    } catch (error) {
      if (!context.signal.aborted) fill(body, problem(error, { retry: load }));
    }
  }

  return {
    element,
    of(next) {
      criterion = next;
      if (element.open) load();
    },
  };
}

function entry(one, before) {
  const what = EVENTS[one.event] ?? originWords(one);
  const changed = before && before.text !== one.text;
  return h(
    "li",
    {},
    h("p", {}, h("strong", {}, what), ` (version ${one.version}) `, one.author && `by ${one.author}, `, time(one.at), one.note && h("span", { class: "muted" }, `: ${one.note}`)),
    before && before.name !== one.name && h("p", { class: "diff" }, showDiff(before.name, one.name)),
    changed ? h("p", { class: "text diff" }, showDiff(before.text, one.text)) : !before && h("p", { class: "text muted" }, one.text),
  );
}
