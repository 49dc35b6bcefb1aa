/* The buttons at the lower edge, each with its key. */

import { h } from "../../kit/dom.js";
import { icon } from "../../kit/icons.js";
import { hint } from "../../kit/keys.js";

export function decisions({ onSay, onSkip, onFlag, onUndo, onStep }) {
  const button = (kind, picture, words, key, run, title = words) =>
    h(
      "button",
      { type: "button", class: ["button", kind], title, on: { click: run } },
      icon(picture),
      h("span", { class: "decide-word" }, words),
      hint(key),
    );
  const pass = button("pass", "check", "Pass", "p", (event) => onSay("pass", event), "Pass, and go on");
  const fail = button("fail", "cross", "Fail", "f", (event) => onSay("fail", event), "Fail, and go on");
  const flag = button("quiet", "flag", "Flag", "x", onFlag, "Flag, so that somebody looks at it");
  const node = h(
    "div",
    { class: "decide-buttons" },
    h("div", { class: "row main" }, pass, fail),
    h(
      "div",
      { class: "row" },
      button("quiet", "skip", "Skip", "s", onSkip, "Skip: it comes again at the end"),
      flag,
      button("quiet", "undo", "Undo", "u", onUndo, "Undo, and return to that row"),
      button("quiet", "chevron-left", "Back", "k", () => onStep(-1), "Row before"),
      button("quiet", "chevron-right", "Next", "j", () => onStep(1), "Next row"),
    ),
  );
  return {
    node,
    press(row) {
      pass.setAttribute("aria-pressed", String(row.label === "pass"));
      fail.setAttribute("aria-pressed", String(row.label === "fail"));
      flag.setAttribute("aria-pressed", String(row.mark === "flag"));
    },
    blink() {
      node.classList.add("refused");
      setTimeout(() => node.classList.remove("refused"), 400);
    },
  };
}
