/* How the labelled rows are split, as a bar and in words.
 *
 *   const bar = splitBar();  bar.element; bar.show({rows: {train, dev, test}, classes?})
 */

import { fill, h } from "../../kit/dom.js";
import { number } from "../../kit/format.js";

const PARTS = [
  ["train", "Learn", "are shown to the judge as examples and read for proposals"],
  ["dev", "Choose", "decide which candidate is best"],
  ["test", "Measure", "are kept aside for the one measurement at the end"],
];

export function splitBar() {
  const bar = h("div", { class: "split-bar", "aria-hidden": "true" });
  const list = h("dl", { class: "split" });
  const element = h("div", { class: "stack tight" }, bar, list);
  return {
    element,
    show({ rows, classes }) {
      fill(bar, PARTS.filter(([name]) => rows[name]).map(([name]) => h("span", { data: { part: name }, vars: { rows: rows[name] } })));
      fill(list, PARTS.map(([name, word, use]) => part(name, word, use, rows[name] ?? 0, classes?.[name])));
    },
  };
}

function part(name, word, use, n, classes) {
  const text = name === "test" && !n ? "No rows: the winner will not be measured." : `${use}${classes ? ` (${number(classes.pass)} pass, ${number(classes.fail)} fail)` : ""}`;
  return h("div", { data: { part: name } }, h("dt", {}, h("span", { class: "split-dot", "aria-hidden": "true" }), word, h("strong", { class: "tabular" }, number(n))), h("dd", { class: "hint" }, text));
}
