/* The clipboard, also where the page came without encryption and the browser has no clipboard for it.
 *
 *   copy(text)                   -> Promise<boolean>
 *   copyButton(getText, label?)  -> a button that says whether it worked; getText may be async
 */

import { announce } from "./announce.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const SAID_MS = 2000;

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

export function copyButton(getText, label = "Copy") {
  const word = h("span", {}, label);
  const run = async () => {
    word.textContent = await copied(getText);
    announce(word.textContent);
    setTimeout(() => (word.textContent = label), SAID_MS);
  };
  return h("button", { type: "button", class: "button", on: { click: run } }, icon("copy"), word);
}

async function copied(getText) {
  try {
    return (await copy(await getText())) ? "Copied" : "Select the text and copy it";
  } catch {
    return "Not copied: the server did not give it";
  }
}

function copyBySelection(text) {
  const area = h("textarea", { class: "visually-hidden", readonly: true, "aria-hidden": "true", tabindex: -1 });
  area.value = text;
  const host = document.querySelector("dialog[open]") ?? document.body; // outside an open dialog nothing can be selected
  const focused = document.activeElement;
  host.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } finally {
    area.remove();
    focused?.focus?.();
  }
}
