/* From a file to a dataset: look at it, see how it was understood, say what pass means, store it. */

import { isAbort } from "../kit/api.js";
import { fill, h } from "../kit/dom.js";
import { bytes } from "../kit/format.js";
import { icon } from "../kit/icons.js";
import { at, href } from "../kit/paths.js";
import { exampleButton } from "../parts/example.js";
import { dropAnywhere, fileDrop, handedOver } from "../parts/file-drop.js";
import { loading, problem } from "../parts/notice.js";
import { columnTable, rolesOf, withRole } from "./upload/columns.js";
import { describing } from "./upload/describing.js";
import { labelWords, mappingOf } from "./upload/labels.js";
import { refusedRows, summary, warningsOf } from "./upload/findings.js";

export async function show(root, context) {
  context.title("New dataset");
  const place = h("div", { class: "stack" });
  const state = { file: null, columns: null, mapping: null, look: null };
  const take = (file) => {
    Object.assign(state, { file, columns: null, mapping: null });
    inspect(place, state, context, take);
  };
  dropAnywhere(document.getElementById("main"), take, context.signal);
  fill(
    root,
    h(
      "div",
      { class: "page-head" },
      h(
        "div",
        {},
        h("h1", {}, "New dataset"),
        h("p", { class: "muted" }, "First a look at your file. Nothing is stored before you say so."),
      ),
    ),
    place,
  );
  const file = handedOver();
  if (file) take(file);
  else
    fill(
      place,
      fileDrop({ onFile: take }),
      h("div", { class: "row" }, h("span", { class: "muted" }, "No file at hand?"), exampleButton(context)),
      expected(),
    );
}

function expected() {
  const rows = [
    ["input", "What your model was given.", true],
    ["output", "What it gave back: this is what is judged.", true],
    ["label", "Pass or fail, where a person has said so already (1, true, pass, good or 0, false, fail, bad).", false],
    ["critique", "Why, in that person's words.", false],
    ["id", "Your own name for the row.", false],
    ["group", "Rows of one group stay together when the rows are split.", false],
    ["annotator_<name>", "One column for each person, if several have labelled.", false],
  ];
  return h(
    "details",
    { class: "card", open: true },
    h("summary", {}, "Which columns are read"),
    h(
      "dl",
      { class: "facts" },
      rows.map(([name, text, needed]) => [
        h("dt", { class: "mono" }, name),
        h("dd", {}, text, needed && h("strong", {}, " Needed.")),
      ]),
    ),
    h(
      "p",
      { class: "muted small" },
      "Other usual names are understood as well (question, response, feedback, …), and you can assign columns after the look.",
    ),
  );
}

/* Looks at the file with what was chosen so far, and draws what the server understood. */
async function inspect(place, state, context, take) {
  state.look?.abort();
  const look = (state.look = new AbortController());
  context.signal.addEventListener("abort", () => look.abort());
  const again = (changes) => inspect(place, Object.assign(state, changes), context, take);
  if (!place.querySelector(".inspected"))
    fill(place, fileHead(state.file, take), loading(`Looking at ${state.file.name} …`));
  place.setAttribute("aria-busy", "true");
  try {
    const found = await context.api.upload("/datasets/inspect", form(state), { signal: look.signal });
    if (!look.signal.aborted) draw(place, state, found, context, again, take);
  } catch (error) {
    if (isAbort(error) || look.signal.aborted) return;
    fill(
      place,
      fileHead(state.file, take),
      problem(error),
      fileDrop({ onFile: take, text: "Drop another file here, or choose one" }),
    );
  } finally {
    if (!look.signal.aborted) place.removeAttribute("aria-busy");
  }
}

function draw(place, state, found, context, again, take) {
  const kept = place.querySelector(".describing"); // words that were written stay when a column changes
  const focused = document.activeElement?.id;
  let columns = rolesOf(found); // with each change: the next may come before the server has seen the last
  fill(
    place,
    fileHead(state.file, take),
    h(
      "div",
      { class: "inspected stack" },
      summary(found),
      warningsOf(found),
      h(
        "section",
        { class: "card stack", "aria-labelledby": "columns-title" },
        h("h2", { id: "columns-title" }, "Columns and first rows"),
        columnTable(found, (role, header) => again({ columns: (columns = withRole(columns, role, header)) })),
      ),
      labelWords(found, (words) => again({ mapping: mappingOf(found, words) })),
      refusedRows(found),
    ),
    kept ?? describing(found, state.file),
    storing(state, () => place.querySelector(".describing"), found, context),
  );
  if (focused) document.getElementById(focused)?.focus();
}

function fileHead(file, take) {
  const other = h("input", {
    type: "file",
    class: "visually-hidden",
    on: { change: () => other.files[0] && take(other.files[0]) },
  });
  return h(
    "div",
    { class: "row" },
    icon("check"),
    h("strong", {}, file.name),
    h("span", { class: "muted" }, bytes(file.size)),
    h("label", { class: "button small" }, "Another file", other),
  );
}

function form({ file, columns, mapping }) {
  const sent = new FormData();
  sent.append("file", file);
  if (columns) sent.append("columns", JSON.stringify(columns));
  if (mapping) sent.append("label_mapping", JSON.stringify(mapping));
  return sent;
}

/* The last step. Unusable rows are left out only where the user says so. */
function storing(state, described, found, context) {
  const wrong = h("p", { class: "wrong", role: "alert" });
  const place = h("div", { class: "stack" });
  const isReady = found.usable > 0 && found.missing.length === 0 && found.unclear.length === 0;
  const words = found.acceptable || !isReady ? "Store the dataset" : `Store the ${found.usable} usable rows`;
  const button = h(
    "button",
    { type: "button", class: "button primary", disabled: !isReady, on: { click: store } },
    words,
  );
  const key = crypto.randomUUID?.() ?? String(Math.random()).slice(2); // twice pressed is stored once
  async function store() {
    const { name, criterion } = described().values();
    wrong.textContent = criterion ? "" : "Say what pass means: the judge has only your words to go by.";
    if (!criterion) return void described().querySelector("textarea").focus();
    button.disabled = true;
    const sent = form(state);
    sent.append("name", name || state.file.name);
    sent.append("criterion", criterion);
    if (!found.acceptable) sent.append("on_error", "skip");
    try {
      const { id } = await context.api.upload("/datasets", sent, { signal: context.signal, key });
      context.go(at`/datasets/${id}`);
    } catch (error) {
      if (context.signal.aborted) return;
      button.disabled = false;
      fill(place, problem(error));
    }
  }
  const needs = [...found.missing.map(({ role }) => role), ...found.unclear.map(({ role }) => role)];
  return h(
    "div",
    { class: "stack" },
    !isReady &&
      h(
        "p",
        { class: "wrong" },
        needs.length
          ? `Choose above which column is the ${needs.join(", and which the ")}.`
          : "No row of this file can be used.",
      ),
    wrong,
    place,
    h("div", { class: "row" }, button, h("a", { class: "button quiet", href: href("/datasets") }, "Cancel")),
  );
}
