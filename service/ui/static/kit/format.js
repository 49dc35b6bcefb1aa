/* Numbers, with their units and intervals, and dates, as people read them.
 *
 *   number(0.4567, 2) "0.46"      count(5000, "row") "5,000 rows"     percent(0.123) "12 %"    signed(0.18) "+0.18"
 *   estimate({value, low, high}) "0.45 (0.27 to 0.62)"; `signed: true` for differences; "–" where there is none
 *   money(0.0123) "$0.0123"       duration(75) "1 min 15 s"           tokens(12345) "12.3 k tokens"    bytes(2048) "2 KB"
 *   date(iso) "3 Mar 2026, 14:05" ago(iso) "5 minutes ago"            time(iso) -> <time> that shows `ago` and tells `date`
 *   sentence("it failed") "It failed."   begun and ended as a sentence is
 *   NONE "–" stands for what is not known
 */

import { h } from "./dom.js";

export const NONE = "–";
const MINUS = "−";
const formatters = new Map();

function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

export function number(value, digits = 0) {
  if (!isNumber(value)) return NONE;
  const text = formatter(digits).format(value);
  return (Number(text.replaceAll(",", "")) === 0 ? text.replace("-", "") : text).replace("-", MINUS);
}

/* Making one takes longer than a thousand uses. */
function formatter(digits) {
  if (!formatters.has(digits)) {
    formatters.set(
      digits,
      new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
    );
  }
  return formatters.get(digits);
}

export function signed(value, digits = 2) {
  const text = number(value, digits);
  return isNumber(value) && value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

export function count(n, noun, plural = `${noun}s`) {
  return `${number(n)} ${n === 1 ? noun : plural}`;
}

export function percent(share, digits = 0) {
  return isNumber(share) ? `${number(100 * share, digits)} %` : NONE;
}

export function estimate(found, { digits = 2, signed: withSign = false } = {}) {
  if (!isNumber(found?.value)) return NONE;
  const show = (value) => (withSign ? signed(value, digits) : number(value, digits));
  const known = isNumber(found.low) && isNumber(found.high);
  return known ? `${show(found.value)} (${show(found.low)} to ${show(found.high)})` : show(found.value);
}

export function money(usd) {
  if (!isNumber(usd)) return NONE;
  if (usd === 0) return "$0";
  const digits = Math.abs(usd) >= 1 ? 2 : Math.min(6, 1 - Math.floor(Math.log10(Math.abs(usd))));
  return `$${number(usd, Math.max(2, digits))}`;
}

export function duration(seconds) {
  if (!isNumber(seconds)) return NONE;
  if (seconds < 1) return `${number(seconds * 1000)} ms`;
  if (seconds < 60) return `${number(seconds, seconds < 10 ? 1 : 0)} s`;
  const s = Math.round(seconds);
  if (s < 3600) return [`${Math.floor(s / 60)} min`, s % 60 && `${s % 60} s`].filter(Boolean).join(" ");
  return [`${Math.floor(s / 3600)} h`, Math.floor((s % 3600) / 60) && `${Math.floor((s % 3600) / 60)} min`]
    .filter(Boolean)
    .join(" ");
}

export function tokens(n) {
  if (!isNumber(n)) return NONE;
  if (n < 1000) return count(n, "token");
  return n < 1e6 ? `${number(n / 1e3, 1)} k tokens` : `${number(n / 1e6, 2)} M tokens`;
}

export function bytes(n) {
  const units = ["bytes", "KB", "MB", "GB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, n)) / 10));
  return `${number(n / 1024 ** step, step > 1 ? 1 : 0)} ${units[step]}`;
}

export function date(iso) {
  if (!iso) return NONE;
  return new Date(iso).toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
}

const STEPS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function ago(iso, now = Date.now()) {
  if (!iso) return NONE;
  const seconds = (now - new Date(iso).getTime()) / 1000;
  for (const [unit, length] of STEPS) {
    if (seconds >= length)
      return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-Math.floor(seconds / length), unit);
  }
  return "just now";
}

export function sentence(text) {
  const trimmed = String(text).trim();
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? "" : ".");
}

export function time(iso) {
  return h("time", { datetime: iso, title: date(iso) }, ago(iso));
}
