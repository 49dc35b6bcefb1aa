/* The dataset's name, and what pass means in the user's own words. `node.values()` gives both. */

import { h } from "../../kit/dom.js";

export function describing(found, file) {
  const name = h("input", { type: "text", id: "name", maxlength: 200, value: plain(file.name), autocomplete: "off" });
  const criterion = h("textarea", {
    id: "criterion",
    rows: 9,
    maxlength: 20000,
    value: found.criterion ?? "",
    placeholder:
      "Would we send this reply? It passes when …\n\n- it answers what was asked\n- all that it promises is true",
  });
  const node = h(
    "section",
    { class: "describing card stack", "aria-labelledby": "describing-title" },
    h("h2", { id: "describing-title" }, "What pass means"),
    h(
      "div",
      { class: "field" },
      h("label", { class: "label", for: "criterion" }, "When should an output pass?"),
      h(
        "p",
        { class: "hint", id: "criterion-hint" },
        "In your own words, as you would tell a new colleague. Bullet points are fine. You can change it later.",
      ),
      criterion,
    ),
    h("div", { class: "field" }, h("label", { class: "label", for: "name" }, "Name of the dataset"), name),
  );
  criterion.setAttribute("aria-describedby", "criterion-hint");
  node.values = () => ({ name: name.value.trim(), criterion: criterion.value.trim() });
  return node;
}

function plain(fileName) {
  return fileName
    .replace(/\.[^.]+$/, "")
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, 200);
}
