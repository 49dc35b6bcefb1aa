/* What is said once, above the rows: why an order could not be had, that labels are second opinions, the end. */

import { h } from "../../kit/dom.js";
import { count } from "../../kit/format.js";
import { at, href } from "../../kit/paths.js";
import { notice } from "../../parts/notice.js";

export function atTheStart({ reason, counts }) {
  if (reason) return notice("info", null, h("p", {}, sentence(reason)));
  const isSecond = counts.settled === counts.total && counts.labelled_by_you === 0;
  const text =
    "Every row has a label already. Yours are a second opinion: they show how far people agree, which no judge can be shown to beat.";
  return isSecond && notice("info", null, h("p", {}, text));
}

const BECAUSE = {
  doubt: "A criterion has changed since these labels were given. Press pass or fail again, the same or another: both settle it.",
  suspect: "Good judges contradict these labels with confidence. Press pass or fail again, the same or another: both settle it.",
};

export function aboutPicked({ id }, { ids, what, because }) {
  const all = h("a", { href: href(at`/datasets/${id}/label`) }, "All rows");
  return notice("info", `${what} (${count(ids.length, "row")})`, h("p", {}, because && `${BECAUSE[because]} `, all));
}

export function atTheEnd(dataset, { pass, fail }, picked = null) {
  if (picked) return notice("good", "Every row of these has your label", h("p", {}, picked.what), h("div", { class: "row" }, h("a", { class: "button", href: href(at`/datasets/${dataset.id}/criteria`) }, "To the criteria"), h("a", { class: "button", href: href(at`/datasets/${dataset.id}/label`) }, "All rows")));
  const to = href(at`/datasets/${dataset.id}/evaluate`);
  return notice(
    "good",
    "Every row here has your label",
    h("p", {}, `${count(pass, "pass", "passes")} and ${count(fail, "fail")}. Well done.`),
    h("div", { class: "row" }, h("a", { class: "button primary", href: to }, "See how a judge agrees with you")),
  );
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
