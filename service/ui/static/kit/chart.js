/* Pieces for charts in SVG; colours and type come from style.css (.chart).
 *
 *   linear([d0, d1], [r0, r1])   -> fn from data to drawing units
 *   ticks(low, high, about)      -> round values between them
 *   plot({width, height, x: [low, high], y: [low, high], xLabel, yLabel, title, yTicks?, xTicks?, margin?, format?})
 *       -> {svg, layer, x, y, size}: draw into `layer` with x(...) and y(...). `title` is what a screen reader
 *          says: give the same numbers in a table or a sentence beside it.
 *   dot(x, y, {class, title, r})  line(points, {class})  rule(y, {class, label}, chart)
 *   intervalBar({value, low, high}, {low: -1, high: 1, label}) -> a number with its interval as a small picture
 */

import { s } from "./dom.js";
import { estimate, number } from "./format.js";

export function linear([d0, d1], [r0, r1]) {
  const span = d1 - d0 || 1;
  return (value) => r0 + ((value - d0) / span) * (r1 - r0);
}

export function ticks(low, high, about = 5) {
  if (!(high > low)) return [low];
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const found = [];
  for (let i = first; i * step <= high + step * 1e-9; i += 1) found.push(Number((i * step).toPrecision(12)));
  return found;
}

export function plot({
  width = 640,
  height = 280,
  x,
  y,
  xLabel = "",
  yLabel = "",
  title,
  xTicks,
  yTicks,
  margin = {},
  format = {},
}) {
  const m = { top: 12, right: 16, bottom: xLabel ? 44 : 28, left: yLabel ? 56 : 44, ...margin };
  const size = { left: m.left, right: width - m.right, top: m.top, bottom: height - m.bottom };
  const toX = linear(x, [size.left, size.right]);
  const toY = linear(y, [size.bottom, size.top]);
  const showX = format.x ?? ((value) => number(value));
  const showY = format.y ?? ((value) => number(value, 1));
  const layer = s("g", {});
  const svg = s(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    (yTicks ?? ticks(...y)).map((value) => [
      s("line", { class: "grid", x1: size.left, x2: size.right, y1: toY(value), y2: toY(value) }),
      s("text", { x: size.left - 8, y: toY(value) + 4, "text-anchor": "end" }, showY(value)),
    ]),
    (xTicks ?? ticks(...x)).map((value) =>
      s("text", { x: toX(value), y: size.bottom + 18, "text-anchor": "middle" }, showX(value)),
    ),
    s("line", { class: "axis", x1: size.left, x2: size.right, y1: size.bottom, y2: size.bottom }),
    xLabel &&
      s(
        "text",
        { class: "axis-label", x: (size.left + size.right) / 2, y: height - 6, "text-anchor": "middle" },
        xLabel,
      ),
    yLabel &&
      s(
        "text",
        {
          class: "axis-label",
          transform: `translate(14 ${(size.top + size.bottom) / 2}) rotate(-90)`,
          "text-anchor": "middle",
        },
        yLabel,
      ),
    layer,
  );
  return { svg, layer, x: toX, y: toY, size };
}

export function dot(x, y, { class: name = "dot", title = null, r = 5 } = {}) {
  return s("circle", { class: name, cx: x, cy: y, r }, title && s("title", {}, title));
}

export function line(points, { class: name = "line" } = {}) {
  return s("polyline", { class: name, points: points.map(([x, y]) => `${x},${y}`).join(" ") });
}

export function rule(y, { class: name = "rule", label = "" }, { x: _x, y: toY, size }) {
  return s(
    "g",
    {},
    s("line", { class: name, x1: size.left, x2: size.right, y1: toY(y), y2: toY(y) }),
    label && s("text", { class: "rule-label", x: size.right, y: toY(y) - 6, "text-anchor": "end" }, label),
  );
}

export function intervalBar(found, { low = -1, high = 1, label = "" } = {}) {
  const to = linear([low, high], [4, 196]);
  const clamp = (value) => Math.min(high, Math.max(low, value));
  const known = typeof found?.value === "number";
  const wide = known && typeof found.low === "number" && typeof found.high === "number";
  return s(
    "svg",
    {
      class: "chart interval",
      viewBox: "0 0 200 20",
      role: "img",
      "aria-label": [label, estimate(found)].filter(Boolean).join(": "),
    },
    s("line", { class: "grid", x1: 4, x2: 196, y1: 10, y2: 10 }),
    low < 0 && high > 0 && s("line", { class: "axis", x1: to(0), x2: to(0), y1: 3, y2: 17 }),
    wide && s("line", { class: "interval-span", x1: to(clamp(found.low)), x2: to(clamp(found.high)), y1: 10, y2: 10 }),
    known && s("circle", { class: "interval-value", cx: to(clamp(found.value)), cy: 10, r: 5 }),
  );
}
