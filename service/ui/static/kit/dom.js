/* Elements, without markup: text is always text.
 *
 *   h(tag, props, ...children) -> HTMLElement      h("p", {class: "muted"}, "5 rows")
 *   s(tag, props, ...children) -> SVGElement       the same for SVG
 *   fill(node, ...children)    -> node             replaces what it holds
 *   fragment(...children)      -> DocumentFragment
 *
 * props: `class` (text, or a list whose falsy members are left out), `on: {click: fn}`, `data: {kind: "pass"}`
 * (data attributes), `vars: {share: 0.4}` (CSS custom properties, the way to give CSS a number), properties
 * `value`, `checked`, `selected`, `indeterminate`; all else is an attribute: true sets it empty; false,
 * null and undefined leave it out (write "false" for aria attributes).
 * children: nodes, texts, numbers, lists of them; null, undefined and false are left out.
 */

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "selected", "indeterminate"]);

export function h(tag, props, ...children) {
  return fill(dressed(document.createElement(tag), props), ...children);
}

export function s(tag, props, ...children) {
  return fill(dressed(document.createElementNS(SVG, tag), props), ...children);
}

export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(isShown).map(asNode));
  return node;
}

export function fragment(...children) {
  return fill(document.createDocumentFragment(), ...children);
}

function isShown(child) {
  return child !== null && child !== undefined && child !== false;
}

function asNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

function dressed(node, props) {
  const late = []; // a select's or a range's value needs its other attributes first
  for (const [name, value] of Object.entries(props ?? {})) {
    if (!isShown(value)) continue;
    if (PROPERTIES.has(name)) late.push([name, value]);
    else dress(node, name, value);
  }
  for (const [name, value] of late) node[name] = value;
  return node;
}

function dress(node, name, value) {
  if (name === "class") node.setAttribute("class", [value].flat().filter(Boolean).join(" "));
  else if (name === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
  else if (name === "data") Object.assign(node.dataset, clean(value));
  else if (name === "vars") for (const [key, n] of Object.entries(value)) node.style.setProperty(`--${key}`, n);
  else node.setAttribute(name, value === true ? "" : String(value));
}

function clean(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => isShown(value)));
}
