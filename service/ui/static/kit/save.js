/* Files to keep, made of text that the API gave.
 *
 *   saveText(text, filename, type?)                            lets the browser keep it
 *   downloadLink(api, path, {query, filename, signal}, ...children)  a link that does so; a refusal is told on this page
 *                                                              instead of being saved as a file
 */

import { isAbort } from "./api.js";
import { h } from "./dom.js";
import { toast } from "./toast.js";

export function saveText(text, filename, type = "text/plain") {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: address, download: filename });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // some browsers read it late
}

export function downloadLink(api, path, { query, filename, signal, class: name = "button", label = null }, ...children) {
  const save = async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // to be opened beside this page
    event.preventDefault();
    try {
      const response = await api.open(path, { query, signal });
      saveText(await response.text(), filename, response.headers.get("content-type") ?? undefined);
    } catch (error) {
      if (!isAbort(error)) toast(`Not downloaded: ${error.message}`, { kind: "bad" });
    }
  };
  return h("a", { class: name, href: api.url(path, query), download: filename, "aria-label": label, on: { click: save } }, children);
}
