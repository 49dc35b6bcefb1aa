/* All rows on the left: a list box, so that the tabulator passes it in one step.
 *
 *   list.fillIn()        draws the items (thousands)
 *   list.select()        shows where one is       list.update(place)   after a label or mark
 *   list.refilter()      after work.setFilter     list.reveal(place)   also one that the filter hides
 *
 * Items stand in blocks, and blocks out of sight cost nothing (content-visibility). Each item has the same height,
 * so that where one stands is reckoned and never asked of the layout, which would be done anew for each key.
 */

import { h } from "../../kit/dom.js";
import { icon } from "../../kit/icons.js";

const BLOCK = 50;
const LABELS = { pass: "Pass", fail: "Fail" };
const PICTURES = { pass: "check", fail: "cross" };
const MARKS = { flag: "Flagged", skip: "Skipped" };

export function createList({ work, onChoose }) {
  const items = [];
  const ranks = []; // by place: how many shown items stand before it; undefined where it is hidden
  const view = { top: 0, height: 0, item: 34 };
  let blocks = [];
  let selected = null;
  const box = h("div", {
    class: "rows scroll",
    role: "listbox",
    tabindex: 0,
    "aria-label": "Rows",
    on: { click: choose, scroll: () => (view.top = box.scrollTop) },
  });
  const node = h("div", { class: "rows-frame" }, box);
  new ResizeObserver(() => measure()).observe(box);

  function measure() {
    view.height = box.clientHeight;
    view.item = selected?.offsetHeight || view.item;
    follow();
  }

  function choose(event) {
    const item = event.target.closest("[role=option]");
    if (item) onChoose(Number(item.dataset.place));
  }

  function drawn(row, place) {
    items[place] = h(
      "div",
      { role: "option", id: `row-${place}`, "aria-selected": "false", data: { place } },
      h("span", { class: "row-number" }, row.number),
      h("span", { class: "row-id" }, row.id),
      h("span", { class: "row-state" }),
    );
    drawState(place);
    return items[place];
  }

  function drawState(place) {
    const { label, mark } = work.rows[place];
    const cell = items[place].lastChild;
    items[place].dataset.label = label ?? "";
    if (!label && !mark) return cell.replaceChildren();
    const said = label ? [icon(PICTURES[label]), LABELS[label]] : [];
    const marked = mark ? [icon(mark), h("span", { class: label && "visually-hidden" }, MARKS[mark])] : [];
    return cell.replaceChildren(...said, ...marked);
  }

  /* Within the list only: scrollIntoView would move the page as well. */
  function follow() {
    const rank = ranks[work.at];
    if (rank === undefined || !view.height) return;
    const top = rank * view.item;
    if (top >= view.top && top + view.item <= view.top + view.height) return;
    box.scrollTop = view.top = Math.max(0, top - view.height / 3);
  }

  function order() {
    let rank = 0;
    const shown = new Set(work.shown);
    for (const [place, item] of items.entries()) {
      item.hidden = !shown.has(place);
      ranks[place] = item.hidden ? undefined : rank++;
    }
    for (const block of blocks)
      block.style.setProperty("--items", block.querySelectorAll(":scope > :not([hidden])").length);
  }

  return {
    node,
    fillIn() {
      const drawings = work.rows.map(drawn);
      blocks = [];
      for (let i = 0; i < drawings.length; i += BLOCK)
        blocks.push(h("div", { class: "rows-block", role: "none" }, drawings.slice(i, i + BLOCK)));
      order();
      box.replaceChildren(...blocks);
    },
    refilter() {
      order();
      follow();
    },
    reveal(place) {
      if (!items[place]?.hidden) return;
      work.shown = [...work.shown, place].sort((a, b) => a - b);
      order();
    },
    update(place) {
      if (items[place]) drawState(place);
    },
    select() {
      selected?.setAttribute("aria-selected", "false");
      selected = items[work.at] ?? null;
      if (!selected) return;
      selected.setAttribute("aria-selected", "true");
      box.setAttribute("aria-activedescendant", selected.id);
      follow();
    },
    toggle: () => node.toggleAttribute("data-open"),
  };
}
