/* Windows above the page; Escape closes them, focus stays inside and returns.
 *
 *   dialog({title, content, actions?, wide?}) -> {element, close(value), closed: Promise<value>}
 *       actions: [{label, value, kind: "primary" | "danger" | ""}]; closing otherwise gives null
 *   isDialogOpen()          -> bool
 *   confirm({title, text, action: "Delete", danger?}) -> Promise<boolean>
 *   ask({title, text, label, value?, action, check?}) -> Promise<text or null>; check(text) returns what is wrong, or ""
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";

let count = 0;
let open = 0;

/* Looking through the document for one would take long where it holds thousands of rows. */
export function isDialogOpen() {
  return open > 0;
}

export function dialog({ title, content, actions = [], wide = false }) {
  const id = `dialog-${(count += 1)}`;
  const opener = document.activeElement;
  let settle;
  const closed = new Promise((resolve) => (settle = resolve));
  const close = (value = null) => {
    if (!element.isConnected) return;
    open -= 1;
    element.close();
    element.remove();
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    settle(value);
  };
  const buttons = actions.map(({ label, value, kind }) =>
    h("button", { type: "button", class: ["button", kind], on: { click: () => close(value) } }, label),
  );
  const element = h(
    "dialog",
    { class: wide && "wide", "aria-labelledby": id, on: { cancel: (event) => (event.preventDefault(), close()) } },
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id }, title),
      h(
        "button",
        { type: "button", class: "button quiet", "aria-label": "Close", on: { click: () => close() } },
        icon("cross"),
      ),
    ),
    h("div", { class: "dialog-body stack" }, content),
    buttons.length > 0 && h("div", { class: "dialog-foot" }, buttons),
  );
  document.body.append(element);
  open += 1;
  element.showModal();
  return { element, close, closed };
}

export async function confirm({ title, text, action, danger = false }) {
  const { closed, element } = dialog({
    title,
    content: h("p", {}, text),
    actions: [
      { label: "Cancel", value: false },
      { label: action, value: true, kind: danger ? "danger" : "primary" },
    ],
  });
  element.querySelector(".dialog-foot .button").focus(); // the harmless one
  return (await closed) === true;
}

export async function ask({ title, text, label, value = "", action, check = () => "" }) {
  const wrong = h("p", { class: "wrong", id: `wrong-${count + 1}`, role: "alert" });
  const input = h("input", { type: "text", value, autocomplete: "off", "aria-describedby": wrong.id });
  const submit = (event) => {
    event.preventDefault();
    const found = check(input.value.trim());
    wrong.textContent = found;
    input.setAttribute("aria-invalid", String(Boolean(found)));
    if (!found) close(input.value.trim());
  };
  const form = h(
    "form",
    { class: "stack", on: { submit } },
    text && h("p", {}, text),
    h("label", { class: "field" }, h("span", { class: "label" }, label), input),
    wrong,
    h("div", { class: "dialog-foot" }, h("button", { type: "submit", class: "button primary" }, action)),
  );
  const { close, closed } = dialog({ title, content: form });
  input.focus();
  input.select();
  return closed;
}
