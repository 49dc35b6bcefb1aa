/* A number that leads to its rows, on the Label screen.
 *
 *   rowsAddress(dataset id, ids, {what, because?}) -> "#/datasets/.../label?..."
 *       what: the name of these rows; because: "doubt" | "suspect" where their labels are to be given again
 *   rowsLink(dataset id, ids, text, {what})        -> a link, or the plain text where there is no row
 */

import { h } from "../kit/dom.js";
import { at, href } from "../kit/paths.js";

export function rowsAddress(dataset, ids, { what, because = null }) {
  return href(at`/datasets/${dataset}/label`, { what, because, id: ids });
}

export function rowsLink(dataset, ids, text, { what }) {
  return ids.length ? h("a", { href: rowsAddress(dataset, ids, { what }), title: `Open these rows: ${what}` }, text) : h("span", { class: "muted" }, text);
}
