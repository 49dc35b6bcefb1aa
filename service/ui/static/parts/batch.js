/* Rows to judge, out of what somebody pasted or a file holds: CSV with a heading, JSON Lines, or a JSON list; each
 * with `output`, and `input` and `id` where there are such. Text of no such form is one output.
 *
 *   readBatch(text) -> {rows: [{id?, input, output}], form: "CSV" | "JSON" | "text"}; throws Error that names the line
 */

export function readBatch(text) {
  const trimmed = text.trim();
  if (!trimmed) throw new Error("There is nothing to judge yet.");
  if (trimmed.startsWith("[")) return { form: "JSON", rows: parsed(trimmed, 1).map((one, i) => rowOf(one, `Entry ${i + 1}`)) };
  if (trimmed.startsWith("{")) return { form: "JSON", rows: jsonLines(trimmed) };
  const table = csv(trimmed);
  const heading = table[0].map((name) => name.trim().toLowerCase());
  if (heading.includes("output")) return { form: "CSV", rows: ofTable(heading, table.slice(1)) };
  return { form: "text", rows: [{ input: "", output: trimmed }] };
}

function jsonLines(text) {
  const lines = text.split("\n").map((line, i) => [line.trim(), i + 1]).filter(([line]) => line);
  return lines.map(([line, number]) => rowOf(parsed(line, number), `Line ${number}`));
}

function parsed(text, line) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Line ${line} is not JSON: ${error.message}.`);
  }
}

function rowOf(value, where) {
  if (typeof value?.output !== "string") throw new Error(`${where} has no text named “output”.`);
  const { id, input, output } = value;
  if (input !== undefined && input !== null && typeof input !== "string") throw new Error(`${where}: “input” is not a text.`);
  return { ...(id === undefined || id === null || id === "" ? {} : { id: String(id) }), input: input ?? "", output };
}

function ofTable(heading, lines) {
  if (!lines.length) throw new Error("There is a heading, and no row below it.");
  return lines.map((cells, i) => rowOf(Object.fromEntries(heading.map((name, at) => [name, cells[at]])), `Row ${i + 1}`));
}

/* RFC 4180: quoted cells may hold commas, line ends and doubled quotes. */
function csv(text) {
  const rows = [[]];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (quoted && char === '"' && text[i + 1] === '"') (cell += '"'), (i += 1);
    else if (char === '"' && (quoted || !cell)) quoted = !quoted;
    else if (!quoted && char === ",") rows.at(-1).push(cell), (cell = "");
    else if (!quoted && char === "\n") rows.at(-1).push(cell.replace(/\r$/, "")), (cell = ""), rows.push([]);
    else cell += char;
  }
  rows.at(-1).push(cell);
  return rows.filter((row) => row.length > 1 || row[0].trim());
}
