/* All rows on the left: a list box, so that the tabulator passes it in one step.
 *
 *   list.fillIn()        draws the items (thousands; those out of sight cost nothing, by content-visibility)
 *   list.select()        shows where one is       list.update(place)   after a label or mark
 *   list.refilter()      after work.setFilter     list.reveal(place)   also one that the filter hides
 */

import { h } from "../../kit/dom.js";
import { icon } from "../../kit/icons.js";

const LABELS = { pass: "Pass", fail: "Fail" };
const PICTURES = { pass: "check", fail: "cross" };
const MARKS = { flag: "Flagged", skip: "Skipped" };

export function createList({ work, onChoose }) {
  const items = [];
  let selected = null;
  const box = h("ul", { class: "rows scroll", role: "listbox", tabindex: 0, "aria-label": "Rows", on: { click: choose } });
  const node = h("div", { class: "rows-frame" }, box);

  function choose(event) {
    const item = event.target.closest("[role=option]");
    if (item) onChoose(Number(item.dataset.place));
  }

  function draw(place) {
    const row = work.rows[place];
    const item = h("li", { role: "option", id: `row-${place}`, "aria-selected": "false", data: { place } }, h("span", { class: "row-number" }, row.number), h("span", { class: "row-id" }, row.id), h("span", { class: "row-state" }));
    items[place] = item;
    state(place);
    return item;
  }

  function state(place) {
    const row = work.rows[place];
    const [cell] = [items[place].lastChild];
    items[place].dataset.label = row.label ?? "";
    if (!row.label && !row.mark) return cell.replaceChildren();
    const label = row.label && [icon(PICTURES[row.label]), LABELS[row.label]];
    const mark = row.mark && [icon(row.mark), h("span", { class: row.label && "visually-hidden" }, MARKS[row.mark])];
    return cell.replaceChildren(...[label, mark].flat().filter(Boolean));
  }

  const list = {
    node,
    fillIn() {
      box.replaceChildren(...work.rows.map((_, place) => draw(place)));
      list.refilter();
    },
    refilter() {
      const shown = new Set(work.shown);
      for (const [place, item] of items.entries()) if (item.hidden === shown.has(place)) item.hidden = !item.hidden;
      box.dataset.empty = String(work.shown.length === 0);
    },
    reveal(place) {
      items[place].hidden = false;
    },
    update(place) {
      if (items[place]) state(place);
    },
    select() {
      selected?.setAttribute("aria-selected", "false");
      selected = items[work.at] ?? null;
      if (!selected) return;
      selected.setAttribute("aria-selected", "true");
      box.setAttribute("aria-activedescendant", selected.id);
      follow(selected);
    },
    toggle() {
      const open = node.toggleAttribute("data-open");
      if (open) follow(selected);
      return open;
    },
  };

  /* Within the list only: scrollIntoView would move the page as well. */
  function follow(item) {
    if (!item) return;
    const top = item.offsetTop;
    const bottom = top + item.offsetHeight;
    if (top < box.scrollTop || bottom > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 3;
  }

  return list;
}
