// The tab of a run: its verdict in full where it has one, and the results of its tasks.

import { ask, follow, h, link, put } from "./dom.js";
import { intervals } from "./draw.js";
import { badge, count, figure, metric } from "./format.js";
import { working } from "./working.js";

const WORDS = { snapshot: "Snapshot", fit: "Trained", index: "Index", bundle: "Bundle", load: "Loaded", go_live: "Went live", sweep: "Swept", pointer: "Pointer",
  registry: "Registry", force: "Forced", refuse: "Refused", promote: "Promoted", conclude: "Study" };

function shown(value) {
  if (typeof value === "number") return Number.isInteger(value) ? count(value) : figure(value);
  if (Array.isArray(value)) return value.length ? value.map(shown).join("; ") : "none";
  if (value && typeof value === "object") return Object.entries(value).map(([name, one]) => `${name.replaceAll("_", " ")} ${shown(one)}`).join(", ");
  return value === null || value === undefined ? "–" : String(value);
}

function verdict(found) {
  if (!found) return null;
  if (found.gone) return [h("h2", {}, badge(found.outcome), ` ${found.family}`), h("p", {}, found.reason), h("p", { class: "panel" }, `The document itself cannot be shown: ${found.gone}.`)];
  const against = found.checks.filter((check) => check.says !== "ok");
  const to = found.difference_to === "champion" ? `the champion, version ${found.champion_version}` : found.difference_to;
  return [
    h("h2", {}, badge(found.outcome), ` ${found.family}, version ${found.version ?? "–"} of ${found.day}`),
    h("p", {}, found.reason),
    against.length ? [h("h3", {}, "Against it"), h("ul", {}, against.map((check) => h("li", {}, check.sentence, " ", badge(check.says))))] : null,
    h("h3", {}, `Difference to ${to}, ${Math.round(100 * found.confidence)} % intervals, ${count(found.users)} users`), intervals(found.difference, found.metric, found.margin),
    h("h3", {}, `${metric(found.metric)} by group of users`), intervals(found.slices, null, null, (name) => name),
    h("h3", {}, `${metric(found.metric)} beside simple methods`), intervals(found.baselines, null, null, (name) => name),
    h("details", { "data-key": "passed" }, h("summary", {}, `Checks that passed (${found.checks.length - against.length})`), h("ul", {}, found.checks.filter((check) => check.says === "ok").map((check) => h("li", {}, check.sentence)))),
    h("p", {}, link(`documents/verdict/${found.family}/${found.id}`, "Every figure of the verdict"), found.policy ? ` · decided by ${found.policy}` : ""),
  ];
}

function facts(results) {
  return Object.entries(results).map(([task, values]) => h("section", {}, h("h3", {}, WORDS[task] ?? task),
    h("dl", {}, Object.entries(values).map(([name, value]) => [h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, shown(value))]))));
}

async function look() {
  const answer = await ask(`api/run${window.location.search}`);
  if (!answer.ok) return put("run", h("p", { class: "panel away", role: "alert" }, answer.refused ?? answer.away ?? "No answer."));
  const run = answer.ok;
  const over = ["success", "failed"].includes(run.state);
  const skipped = Object.entries(run.tasks).filter(([, state]) => state === "skipped").map(([task]) => task);
  put("run", verdict(run.verdict) ?? [h("h2", {}, run.dag), Object.keys(run.results).length || run.working.length ? null : h("p", {}, over ? "This run has left nothing to show here." : "Nothing to show yet: this run has not come to a result.")],
    run.verdict && skipped.includes("promote") ? h("p", { class: "panel" }, "The task promote was skipped: what is live stays live.") : null, working(run.working), facts(run.results),
    h("p", { class: "small" }, link(new URL(".", window.location.href).href, "The recall console")));
  if (!over) setTimeout(look, 5000);
  return null;
}

follow();
look();
