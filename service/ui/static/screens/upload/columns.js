/* Which column plays which part: read by the server, changed by the user.
 *
 *   columnTable(found, onRole(role, header))  `role` is a name, "annotator:<name>", or "" for not read
 *   rolesOf(found)                            -> the request's `columns` as the server understood them
 *   withRole(columns, role, header)           -> the same with that change
 */

import { h } from "../../kit/dom.js";
import { count } from "../../kit/format.js";

const ROLES = [
  ["input", "Input"],
  ["output", "Output"],
  ["label", "Label"],
  ["critique", "Critique"],
  ["id", "Id"],
  ["group", "Group"],
  ["criterion", "Criterion"],
  ["labels", "Several people's labels"],
];
const SINGLE = new Set(ROLES.map(([role]) => role));

export function columnTable(found, onRole) {
  const head = found.columns.map((column, i) => columnHead(column, i, onRole));
  const rows = found.raw_rows.map((row) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", class: "num muted" }, row.line),
      found.columns.map((column) => cell(row.cells[column.name])),
    ),
  );
  return h(
    "div",
    { class: "scroll card flush", tabindex: 0, role: "region", "aria-label": "First rows of the file" },
    h(
      "table",
      { class: "preview" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "num" }, "Line"), head)),
      h("tbody", {}, rows),
    ),
  );
}

export function rolesOf(found) {
  const columns = { annotators: {} };
  for (const { name, role, annotator } of found.columns) {
    if (annotator) columns.annotators[annotator] = name;
    else if (role) columns[role] = name;
  }
  return columns;
}

export function withRole({ annotators: people, ...roles }, role, header) {
  const annotators = Object.fromEntries(Object.entries(people).filter(([, column]) => column !== header));
  for (const name of SINGLE) if (roles[name] === header) roles[name] = null; // what is not named is guessed again
  if (role.startsWith("annotator:")) annotators[role.slice("annotator:".length)] = header;
  else if (role) roles[role] = header;
  return { ...roles, annotators };
}

function columnHead({ name, role, annotator }, i, onRole) {
  const current = annotator ? `annotator:${annotator}` : (role ?? "");
  const person = annotator ?? name;
  const options = [["", "Not read"], ...ROLES, [`annotator:${person}`, `Labels of ${person}`]];
  const select = h(
    "select",
    {
      id: `role-${i}`,
      "aria-label": `Part of column ${name}`,
      on: { change: () => onRole(select.value, name) },
      value: current,
    },
    options.map(([value, words]) => h("option", { value, selected: value === current }, words)),
  );
  return h(
    "th",
    { scope: "col", data: { read: String(Boolean(current)) } },
    h("div", { class: "stack tight" }, h("span", { class: "mono" }, name), select),
  );
}

function cell(text) {
  if (text === null || text === undefined || text === "") return h("td", { class: "muted" }, "–");
  return h(
    "td",
    {},
    h("div", { class: "clip", title: text.length > 80 ? count(text.length, "character") : null }, text),
  );
}
