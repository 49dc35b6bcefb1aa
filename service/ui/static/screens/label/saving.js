/* Whether the server has everything: saved, saving, or kept here while it is away. */

import { announce } from "../../kit/announce.js";
import { fill, h } from "../../kit/dom.js";
import { count } from "../../kit/format.js";
import { icon } from "../../kit/icons.js";
import { href } from "../../kit/paths.js";

export function createSaving({ outbox, signal }) {
  const node = h("div", { class: "saving row small" });
  let shown = null;

  function draw() {
    const { waiting, trouble, kept } = outbox.state;
    const now = JSON.stringify([waiting, trouble, kept]);
    if (now === shown) return;
    const was = node.dataset.state;
    shown = now;
    node.dataset.state = !waiting ? "saved" : trouble ? "kept" : "saving";
    fill(node, words());
    if (node.dataset.state === "kept" && was !== "kept")
      announce("The server is away. Your labels are kept in this browser.", { now: true });
    if (was === "kept" && node.dataset.state === "saved") announce("All labels are saved.");
  }

  function words() {
    const { waiting, trouble, kept } = outbox.state;
    if (!waiting) return [icon("check"), "All saved"];
    if (!trouble) return [icon("cloud"), `Saving ${waiting}`];
    const here = kept
      ? `${count(waiting, "change")} kept here`
      : `${count(waiting, "change")} not saved: leave this page open`;
    const act =
      trouble === "signin"
        ? h("a", { class: "button small", href: href("/signin", { then: location.hash.slice(1) }) }, "Sign in")
        : h("button", { type: "button", class: "button small", on: { click: outbox.retry } }, "Try now");
    return [icon("cloud-off"), h("span", {}, here, trouble === "away" ? ": the server is away" : ""), act];
  }

  outbox.listen(draw, signal);
  draw();
  return { node };
}
