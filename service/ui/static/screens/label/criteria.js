/* Saying pass or fail by one criterion alone, beside the label that counts; where the dataset has criteria.
 *
 *   const criteria = createCriteria({api, dataset, annotator, signal, push});  push(entry) of the outbox
 *       criteria.element; criteria.show(row id)
 *
 * It is folded until somebody wants it, and asks for nothing before.
 */

import { isAbort } from "../../kit/api.js";
import { fill, h } from "../../kit/dom.js";
import { icon } from "../../kit/icons.js";
import { at } from "../../kit/paths.js";
import { recall, remember } from "../../kit/storage.js";
import { loading, problem } from "../../parts/notice.js";

const OPEN = "by-criterion";
const WORDS = { pass: ["check", "Pass"], fail: ["cross", "Fail"] };

export function createCriteria({ api, dataset, annotator, signal, push }) {
  const said = new Map(); // "criterion row" -> label
  let criteria = null;
  let row = null;
  let asked = false;
  const body = h("div", { class: "card" });
  const element = h("details", { class: "by-criterion", hidden: true, on: { toggle: opened } }, h("summary", {}, "Criterion by criterion"), body);

  async function begin() {
    try {
      criteria = (await api.get(at`/datasets/${dataset}/criteria`, { signal })).items;
      element.hidden = !criteria.length;
      if (criteria.length && recall(OPEN, false)) element.open = true;
    } catch (error) {
      if (!isAbort(error)) element.hidden = true; // the rows can be labelled without it
    }
  }

  function opened() {
    remember(OPEN, element.open);
    if (element.open && !asked) load();
  }

  async function load() {
    asked = true;
    fill(body, loading());
    try {
      await Promise.all(criteria.map(learn));
      draw();
    } catch (error) {
      asked = false;
      if (!isAbort(error)) fill(body, problem(error, { retry: load }));
    }
  }

  async function learn({ id }) {
    const { items } = await api.get(at`/datasets/${dataset}/criteria/${id}/labels`, { signal });
    for (const one of items) if (one.annotator === annotator) said.set(`${id} ${one.example_id}`, one.label);
  }

  function draw() {
    if (asked && criteria && row) fill(body, h("ul", { class: "plain" }, criteria.map(line)));
  }

  function line(criterion) {
    const buttons = Object.keys(WORDS).map((label) => choice(criterion, label));
    return h("li", { class: "spread by-line" }, h("span", { class: "grow", title: criterion.text }, criterion.name, criterion.text !== criterion.name && h("span", { class: "hint" }, ` ${criterion.text}`)), h("span", { class: "row nowrap" }, buttons.map((one) => one.button)));
  }

  function choice(criterion, label) {
    const key = `${criterion.id} ${row}`;
    const [picture, word] = WORDS[label];
    const here = row;
    const press = () => {
      const again = said.get(key) === label;
      if (again) said.delete(key);
      else said.set(key, label);
      push({ kind: again ? "unby" : "by", row: here, criterion: criterion.id, body: again ? undefined : { label } });
      draw();
      body.querySelector(`[data-key="${CSS.escape(`${criterion.id} ${label}`)}"]`)?.focus();
    };
    const button = h("button", { type: "button", class: ["button", "small", label], "aria-pressed": String(said.get(key) === label), "aria-label": `${word} by: ${criterion.name}`, data: { key: `${criterion.id} ${label}` }, on: { click: press } }, icon(picture), word);
    return { button };
  }

  begin();
  return {
    element,
    show(id) {
      row = id;
      draw();
    },
  };
}
