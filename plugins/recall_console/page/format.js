// Numbers, times and words, as people read them.

import { h } from "./dom.js";

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const whole = new Intl.NumberFormat("en");

export const count = (number) => (number === null || number === undefined ? "–" : whole.format(number));
export const plural = (number, word) => `${count(number)} ${word}${number === 1 ? "" : "s"}`;

export function since(seconds) {
  if (!seconds) return h("span", {}, "–");
  const moment = new Date(seconds * 1000);
  const passed = Date.now() / 1000 - seconds;
  const [unit, size] = UNITS.find(([, length]) => passed >= length) ?? ["second", 1];
  return h("time", { datetime: moment.toISOString(), title: moment.toISOString().replace("T", " ").slice(0, 19) + " UTC" },
    passed < 60 ? "just now" : ago.format(-Math.round(passed / size), unit));
}

export const lasted = (seconds) => (seconds < 120 ? `${Math.round(seconds)} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`);

export function hours(number) {
  if (number === null || number === undefined) return "unknown";
  return number < 48 ? `${Math.round(number)} h` : `${Math.round(number / 24)} days`;
}

export const metric = (name) => name.replace("ndcg_", "NDCG@").replace("hr_", "hit rate@").replace(/_(10|20|50)/, "@$1").replaceAll("_", " ");
export const figure = (value) => (value === null || value === undefined ? "–" : Math.abs(value) < 10 ? value.toFixed(4) : value.toFixed(1));
// From 100 % on a tenth says nothing, and its place is needed.
export const signed = (share) => `${share >= 0 ? "+" : "−"}${Math.abs(100 * share).toFixed(Math.abs(share) < 0.9995 ? 1 : 0)} %`;

const SIGNS = { promote: "✓", hold: "✕", ask: "?" };
export const badge = (outcome) => h("span", { class: `badge ${outcome}` }, `${SIGNS[outcome] ?? ""} ${outcome}`);
export const chip = (text, kind = "") => h("span", { class: `chip ${kind}` }, text);

const SPOKEN = { go_live: "went live", rollback: "rolled back", promote: "promoted", force: "forced", refuse: "refused", restore: "restored", "turn down": "turned down" };
export const spoken = (action) => SPOKEN[action] ?? action;

export function bytes(number) {
  if (!number) return "–";
  const size = Math.min(3, Math.floor(Math.log2(number) / 10));
  return `${(number / 1024 ** size).toFixed(size ? 1 : 0)} ${["B", "KiB", "MiB", "GiB"][size]}`;
}
