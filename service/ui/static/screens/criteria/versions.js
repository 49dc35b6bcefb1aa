/* The versions of a prompt, oldest first, as many as there are.
 *
 *   const versions = versionFields(newest);  versions.element; versions.value() -> those that say something
 */

import { h } from "../../kit/dom.js";
import { icon } from "../../kit/icons.js";

const MOST = 50;

export function versionFields(newest = "") {
  const list = h("ol", { class: "stack tight" });
  const add = (text = "") => {
    const number = list.children.length + 1;
    list.append(h("li", {}, h("textarea", { rows: 3, maxlength: 100000, "aria-label": `Version ${number} of the prompt`, value: text })));
    more.disabled = number >= MOST;
  };
  const more = h("button", { type: "button", class: "button small", on: { click: () => (add(), list.lastElementChild.firstElementChild.focus()) } }, icon("plus"), "One more version");
  add();
  add(newest);
  return {
    element: h("div", { class: "stack tight" }, h("p", { class: "hint" }, "The oldest first."), list, h("div", {}, more)),
    value: () => [...list.querySelectorAll("textarea")].map((area) => area.value).filter((text) => text.trim()),
  };
}
