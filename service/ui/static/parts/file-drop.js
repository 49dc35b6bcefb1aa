/* A place to drop a file on, or to choose one; a button for the keyboard like any other.
 *
 *   fileDrop({onFile, text?, compact?}) -> node
 *   dropAnywhere(node, onFile, signal)  -> files dropped on `node` count too
 *   handOver(file) / handedOver()       a file that was dropped on one screen and is shown on the next
 */

import { h } from "../kit/dom.js";
import { icon } from "../kit/icons.js";
import { toast } from "../kit/toast.js";

export const READ = [".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".parquet"];

let inTransit = null;

export function handOver(file) {
  inTransit = file;
}

export function handedOver() {
  const file = inTransit;
  inTransit = null;
  return file;
}

export function fileDrop({ onFile, text = "Drop a file here, or choose one", compact = false }) {
  const input = h("input", {
    type: "file",
    class: "visually-hidden",
    accept: READ.join(","),
    on: {
      change: () => {
        const [file] = input.files;
        input.value = ""; // the same file again is a change again
        if (file) onFile(file);
      },
    },
  });
  const zone = h(
    "label",
    { class: ["drop", compact && "compact"] },
    icon("upload"),
    h("span", { class: "drop-text" }, text),
    !compact && h("span", { class: "hint" }, "CSV, JSONL or Parquet, with one row for each output"),
    input,
  );
  dropAnywhere(zone, onFile);
  return zone;
}

export function dropAnywhere(node, onFile, signal) {
  const listen = (name, run) => node.addEventListener(name, run, { signal });
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  listen("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    node.classList.add("over");
  });
  listen("dragleave", (event) => node.contains(event.relatedTarget) || node.classList.remove("over"));
  listen("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    node.classList.remove("over");
    const [file, ...others] = event.dataTransfer.files;
    if (others.length) toast("One file makes one dataset: only the first one was taken.", { kind: "warn" });
    if (file) onFile(file);
  });
}
