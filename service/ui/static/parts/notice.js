/* What stands where there is nothing yet, or something went wrong; each with the next step in it.
 *
 *   notice(kind, title, ...content)                     kind: info good warn bad; title may be null
 *   problem(error, {retry?})                            an ApiError or Unreachable as a notice, spoken at once
 *   empty({icon, title, text, actions: [nodes], level: 2}) an empty list, or (level 1) a whole screen
 *   loading(text?)                                      until the first answer is here
 */

import { h } from "../kit/dom.js";
import { sentence } from "../kit/format.js";
import { icon } from "../kit/icons.js";

const ICONS = { info: "info", good: "check", warn: "alert", bad: "alert" };

export function notice(kind, title, ...content) {
  return h(
    "div",
    { class: "notice", data: { kind } },
    icon(ICONS[kind]),
    h("div", {}, title && h("strong", {}, title), content),
  );
}

export function problem(error, { retry = null } = {}) {
  const again = retry && h("button", { type: "button", class: "button small", on: { click: retry } }, "Try again");
  const box = notice(
    "bad",
    error.title ?? "Something went wrong on this page",
    h("p", {}, sentence(error.message)),
    again && h("div", {}, again),
  );
  box.setAttribute("role", "alert");
  return box;
}

export function empty({ icon: name = "info", title, text = "", actions = [], level = 2 }) {
  return h(
    "div",
    { class: "empty" },
    icon(name),
    h(`h${level}`, {}, title),
    text && h("p", {}, text),
    h("div", { class: "row" }, actions),
  );
}

export function loading(text = "Loading …") {
  return h("p", { class: "loading", role: "status" }, text);
}
