/* One of a few, each with a sentence; the chosen one can show more.
 *
 *   const kind = choices({name, legend, value, options: [{value, word, text, more?, disabled?, note?}], onChange})
 *       kind.element (a fieldset); kind.value()
 */

import { h } from "../kit/dom.js";

export function choices({ name, legend, value, options, onChange = () => {} }) {
  let chosen = value;
  const rows = options.map(option);
  const element = h("fieldset", { class: "choices" }, h("legend", {}, legend), rows.map((row) => row.element));

  function option({ value: own, word, text, more = null, disabled = false, note = null }) {
    const id = `${name}-${own}`;
    const input = h("input", { type: "radio", name, id, value: own, checked: own === value, disabled, "aria-describedby": `${id}-text`, on: { change: () => choose(own) } });
    const box = more && h("div", { class: "choice-more", hidden: own !== value }, more);
    const words = h("div", { class: "grow" }, h("label", { for: id }, word, note && h("span", { class: "badge" }, note)), h("p", { class: "hint", id: `${id}-text` }, text), box);
    return { element: h("div", { class: ["choice", disabled && "off"] }, input, words), own, box };
  }

  function choose(own) {
    chosen = own;
    for (const row of rows) if (row.box) row.box.hidden = row.own !== own;
    onChange();
  }

  return { element, value: () => chosen };
}
