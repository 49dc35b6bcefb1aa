/* A short message at the page's edge, also spoken.
 *
 *   toast(text, {kind: "info" | "good" | "warn" | "bad", action: {label, run}, stays: false})
 *   -> {close}; one with `stays`, or of kind "bad", waits until it is closed
 */

import { announce } from "./announce.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 6000;
const ICONS = { info: "info", good: "check", warn: "alert", bad: "alert" };

export function toast(text, { kind = "info", action = null, stays = kind === "bad" } = {}) {
  const close = () => box.remove();
  const act =
    action &&
    h("button", { type: "button", class: "button small", on: { click: () => (close(), action.run()) } }, action.label);
  const box = h(
    "div",
    { class: "toast", data: { kind } },
    icon(ICONS[kind]),
    h("p", {}, text),
    act,
    h(
      "button",
      { type: "button", class: "button quiet small", "aria-label": "Close this message", on: { click: close } },
      icon("cross"),
    ),
  );
  document.getElementById("toasts").append(box);
  announce(text, { now: kind === "bad" });
  if (!stays) setTimeout(close, SHOWN_MS);
  return { close };
}
