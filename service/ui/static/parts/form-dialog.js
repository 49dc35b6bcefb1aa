/* A form in a window: it stays open while the server thinks, and says in place what is refused.
 *
 *   const answer = await formDialog({title, content, action, send, wide?, refused?})
 *       send() -> Promise of the answer, which closes the window; a text instead says what is wrong
 *       refused(error) -> node, where an error deserves more than its sentence
 *       null where the window was closed otherwise
 */

import { isAbort } from "../kit/api.js";
import { dialog } from "../kit/dialog.js";
import { fill, h } from "../kit/dom.js";
import { problem } from "./notice.js";

export function formDialog({ title, content, action, send, wide = false, refused = problem }) {
  const said = h("div", { "aria-live": "polite" });
  const button = h("button", { type: "submit", class: "button primary" }, action);
  const cancel = h("button", { type: "button", class: "button", on: { click: () => close() } }, "Cancel");
  const form = h("form", { class: "stack", novalidate: true, on: { submit } }, content, said, h("div", { class: "dialog-foot" }, cancel, button));
  const { close, closed, element } = dialog({ title, content: form, wide });

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      const answer = await send();
      if (typeof answer === "string") fill(said, h("p", { class: "wrong", role: "alert" }, answer));
      else close(answer);
    } catch (error) {
      if (!isAbort(error)) fill(said, refused(error));
    } finally {
      button.disabled = false;
    }
  }

  element.querySelector("form :is(input, textarea, select)")?.focus();
  return closed;
}
