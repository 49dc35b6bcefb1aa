/* One place for all keys of a screen, so that `?` can list them.
 *
 *   keys.bind([{key: "p", label: "Pass and go on", run}, ...], {signal, group: "Label"})
 *
 * `key` is a lower-case event.key ("p", "arrowdown", "escape"), or a list of them of which the first is shown.
 * `inFields: true` lets it work while a text is being written (Escape, say). `when: () => bool` may switch it off.
 * Held keys, keys with Ctrl, Alt or Meta and keys in a field or a dialog are left alone. Bindings end with `signal`.
 *   keys.showList()    the dialog, also opened by `?`
 *   keys.hint("p")     a <kbd> with the key's name
 * People who speak to their computer can switch single letters off in that dialog.
 */

import { dialog, isDialogOpen } from "./dialog.js";
import { h } from "./dom.js";
import { recall, remember } from "./storage.js";

const NAMES = {
  arrowdown: "↓",
  arrowup: "↑",
  arrowleft: "←",
  arrowright: "→",
  escape: "Esc",
  backspace: "⌫",
  enter: "↵",
  " ": "Space",
};
const OFF = "keys.off";
const TYPED = "input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable]";

export function createKeys() {
  const bound = new Set();

  function bind(bindings, { signal, group = "" } = {}) {
    const added = bindings.map((binding) => ({ ...binding, keys: [binding.key].flat(), group }));
    added.forEach((binding) => bound.add(binding));
    signal?.addEventListener("abort", () => added.forEach((binding) => bound.delete(binding)));
  }

  function onKey(event) {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (isDialogOpen()) return;
    const key = event.key.toLowerCase();
    if (key.length === 1 && recall(OFF, false)) return;
    const typing = event.target instanceof Element && event.target.matches(TYPED);
    const found = [...bound]
      .reverse()
      .find((b) => b.keys.includes(key) && (!typing || b.inFields) && (b.when?.() ?? true));
    if (!found) return;
    event.preventDefault();
    found.run(event);
  }

  function showList() {
    const groups = Map.groupBy ? Map.groupBy(bound, (b) => b.group) : grouped(bound);
    const off = h("input", {
      type: "checkbox",
      checked: recall(OFF, false),
      on: { change: (e) => remember(OFF, e.target.checked) },
    });
    dialog({
      title: "Keys",
      content: [
        [...groups].map(([group, list]) => [group && h("h3", {}, group), table(list)]),
        h("label", { class: "check" }, off, h("span", {}, "Switch keys that are single letters off")),
      ],
    });
  }

  document.addEventListener("keydown", onKey);
  bind([{ key: "?", label: "This list", run: showList }], { group: "Everywhere" });
  return { bind, showList, hint };
}

export function hint(key) {
  return h("kbd", {}, NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key));
}

function table(bindings) {
  return h(
    "dl",
    { class: "keys" },
    bindings
      .filter((b) => b.label)
      .map((b) => [
        h(
          "dt",
          {},
          b.keys.map((key) => [hint(key), " "]),
        ),
        h("dd", {}, b.label),
      ]),
  );
}

function grouped(bindings) {
  const groups = new Map();
  for (const binding of bindings) groups.set(binding.group, [...(groups.get(binding.group) ?? []), binding]);
  return groups;
}
