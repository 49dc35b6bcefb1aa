/* Small pictures, drawn here. They stand beside a word and are hidden from screen readers.
 *
 *   icon(name) -> SVG of 1em;  names: check cross minus skip flag note undo alert info question chevron-left
 *   chevron-right chevron-down external copy download upload trash edit plus play pause stop sun moon half user
 *   keyboard clock search filter cloud cloud-off people equal unequal sparkle split merge code
 */

import { s } from "./dom.js";

const PATHS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  cross: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  minus: "M6 12h12",
  skip: "M6 6l7 6-7 6zM17 6v12",
  flag: "M6 21V4M6 5h11l-2.5 4L17 13H6",
  note: "M5 5h14v10l-4 4H5zM15 19v-4h4M8.5 9h7M8.5 12.5h4",
  undo: "M9 7L4.5 11.5 9 16M5 11.5h9a5 5 0 0 1 0 10h-2",
  alert: "M12 4L2.8 20h18.4zM12 10v4.5M12 17.2v.3",
  info: "M12 3a9 9 0 1 0 .01 0zM12 11v5.5M12 7.6v.3",
  question: "M12 3a9 9 0 1 0 .01 0zM9.5 9.5a2.5 2.5 0 1 1 3.4 2.3c-.6.3-.9.8-.9 1.7M12 16.6v.3",
  "chevron-left": "M14.5 6l-6 6 6 6",
  "chevron-right": "M9.5 6l6 6-6 6",
  "chevron-down": "M6 9.5l6 6 6-6",
  external: "M13 5h6v6M19 5l-8.5 8.5M17 14v5H5V7h5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  download: "M12 4v11M7.5 11L12 15.5 16.5 11M5 20h14",
  upload: "M12 16V4.5M7.5 9L12 4.5 16.5 9M5 20h14",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  plus: "M12 5v14M5 12h14",
  play: "M8 5.5l10 6.5-10 6.5z",
  pause: "M8.5 6v12M15.5 6v12",
  stop: "M7 7h10v10H7z",
  sun: "M12 8a4 4 0 1 0 .01 0zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  moon: "M19.5 14.5A8 8 0 1 1 9.5 4.5a6.5 6.5 0 0 0 10 10z",
  half: "M12 3.5a8.5 8.5 0 1 0 .01 0zM12 3.5v17M12 7l6.5 0M12 12h8.3M12 17h6.5",
  user: "M12 4a4 4 0 1 0 .01 0zM4.5 20.5c1-4 4-6 7.5-6s6.5 2 7.5 6",
  keyboard: "M3 7h18v11H3zM7 11h.1M11 11h.1M15 11h.1M8 14.5h8",
  clock: "M12 3.5a8.5 8.5 0 1 0 .01 0zM12 7.5V12l3 2",
  search: "M10.5 4.5a6 6 0 1 0 .01 0zM15 15l5 5",
  filter: "M4 6h16M7 12h10M10 18h4",
  cloud: "M7 18.5a4 4 0 0 1-.5-8A5.5 5.5 0 0 1 17 9.5a4.5 4.5 0 0 1 .5 9z",
  "cloud-off": "M7 18.5a4 4 0 0 1-.5-8A5.5 5.5 0 0 1 17 9.5a4.5 4.5 0 0 1 .5 9zM4 4l16 17",
  people: "M9 5a3.5 3.5 0 1 0 .01 0zM2.5 19.5c.8-3.5 3.3-5 6.5-5s5.7 1.5 6.5 5M16 5.5a3.2 3.2 0 0 1 0 6.3M18 14.9c2 .7 3.1 2.2 3.5 4.6",
  equal: "M5 9h14M5 15h14",
  unequal: "M5 9h14M5 15h14M16.5 4.5l-9 15",
  split: "M12 20v-7M12 13L6 5M12 13l6-8M6 9.5V5h4.5M18 9.5V5h-4.5",
  merge: "M12 4v8M12 12l-6 8M12 12l6 8M8.5 7.5L12 4l3.5 3.5",
  code: "M8.5 7L3.5 12l5 5M15.5 7l5 5-5 5",
  sparkle: "M12 4l1.8 5.2L19 11l-5.2 1.8L12 18l-1.8-5.2L5 11l5.2-1.8z",
};

export function icon(name) {
  return s(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    s("path", { d: PATHS[name] ?? PATHS.info, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round" }),
  );
}
