// One family: what is live and why, what it was compared with, the last verdicts and decisions, how its index answers.

import { h, link } from "./dom.js";
import { intervals } from "./draw.js";
import { badge, bytes, chip, count, hours, since, spoken } from "./format.js";

export function card(family, answers) {
  const model = answers.models?.ok?.[family];
  const served = answers.live?.ok ? answers.live.ok[family] ?? null : undefined;
  const run = answers.chain?.ok?.runs[`train_${family}`];
  const held = model?.newest && model.newest.outcome !== "promote";
  const late = answers.data?.ok?.freshness.live[family]?.late;
  return h("article", { class: `card${late ? " late" : held ? " held" : ""}`, id: `family-${family}`, tabindex: -1, "aria-labelledby": `card-${family}` },
    h("h3", { id: `card-${family}` }, family, run ? link(run.page, run.state === "success" ? "last training" : `training ${run.state}`, { class: `small ${run.state}` }) : null),
    live(family, answers, served, model), registry(answers.registry, family),
    model ? verdict(family, model) : null, model ? probe(served?.folder ?? model.generation) : null,
    model ? history(family, model) : null);
}

function live(family, answers, served, model) {
  const last = model?.last;
  const fresh = answers.data?.ok?.freshness.live[family];
  if (served === undefined && !last) return h("p", { class: "quiet" }, answers.live ? "What is live is not known." : "…");
  const one = served ?? (last && { ...last, version: model.generation?.version, day: model.generation?.day });
  if (served === null || !one) return h("p", {}, "Nothing is live.");
  const back = last?.event === "rollback" && last.generation === one.generation;
  const decision = back ? { action: "rollback", by: last.by, why: last.why } : served?.decision ?? (model?.decisions ?? []).find((found) => found.of === "version" && found.to === one.version);
  const below = model?.newest?.version === one.version && model.newest.reason === decision?.why;  // the verdict below has the same sentence
  return [
    h("p", { class: "live" }, h("span", { class: served ? "dot on" : "dot", "aria-hidden": "true" }), served ? "live " : "last recorded ",
      h("b", {}, `version ${one.version ?? "–"}`), " of ", h("b", {}, one.day ?? "–"), ", generation ", h("code", {}, one.generation), ", ", since(one.since)),
    h("p", {}, decision ? [`${spoken(decision.action)} by `, h("b", {}, decision.by), below ? ", by the verdict below" : `: ${decision.why}`] : one.why),
    fresh ? h("p", {}, chip(...age(fresh, answers.data.ok.freshness))) : null,
  ];
}

function age(fresh, all) {
  const target = hours(all.target_hours);
  if (fresh.late) return [fresh.day ? `of ${fresh.day}: ${hours(fresh.hours)} old, target ${target}` : "its age is not known", "bad"];
  if (!all.replayed) return [`${hours(fresh.hours)} old, target ${target}`, "good"];
  return [fresh.hours ? `${hours(fresh.hours)} behind the data, target ${target}` : "as fresh as the data", "good"];
}

function registry(source, family) {
  const found = source?.ok?.[family];
  if (!found) return source?.ok ? h("p", { class: "quiet" }, "Not registered in MLflow yet.") : null;
  return h("p", { class: "aliases" }, ["champion", "challenger", "previous"].filter((alias) => found[alias]).map((alias) =>
    h("span", { class: "chip" }, `${alias} `, link(found[alias].page, `v${found[alias].version}`), found[alias].run_page ? [" · ", link(found[alias].run_page, "run")] : null)));
}

function verdict(family, model) {
  const newest = model.newest;
  if (!newest) return h("p", { class: "quiet" }, "No verdict yet.");
  return h("section", { class: "verdict" },
    h("h4", {}, "Newest verdict ", badge(newest.outcome), h("span", { class: "small quiet" }, ` version ${newest.version ?? "–"} of ${newest.day}, `, since(newest.made))),
    h("p", {}, newest.reason),
    h("p", { class: "small quiet" }, `Differences to ${newest.difference_to === "champion" ? `the champion, version ${newest.champion_version}` : newest.difference_to}, ${Math.round(100 * newest.confidence)} % intervals, ${count(newest.users)} users`),
    intervals(newest.difference, newest.metric, newest.margin),
    h("p", { class: "small" }, link(`documents/verdict/${family}/${newest.id}`, "The whole verdict")));
}

export function probe(generation) {
  if (!generation) return null;
  const found = generation.probe;
  const good = generation.wanted === null || generation.wanted === undefined || found.recall >= generation.wanted;
  return h("p", { class: "small probe" }, chip(`index ${generation.factory}`), chip(`finds ${(100 * found.recall).toFixed(1)} % of exact search`, good ? "good" : "bad"),
    chip(`${found.p50_ms.toFixed(2)} ms median`), chip(`${count(generation.counts.items)} items, ${count(generation.counts.users)} users`), chip(bytes(found.bytes)));
}

function history(family, model) {
  return [
    h("details", { "data-key": `${family}-verdicts` }, h("summary", {}, `Last verdicts (${model.verdicts.length})`),
      h("ol", { class: "plain" }, model.verdicts.map((one) => h("li", {}, badge(one.outcome), ` v${one.version ?? "–"} of ${one.day}, `, since(one.made), h("br"), one.reason, " ", link(`documents/verdict/${family}/${one.id}`, "more"))))),
    h("details", { "data-key": `${family}-decisions` }, h("summary", {}, `Who decided what (${model.decisions.length})`),
      h("ol", { class: "plain" }, model.decisions.map((one) => h("li", {}, since(one.at), ` ${spoken(one.action)}: `, h("b", {}, one.of === "version" ? `version ${one.to}` : one.to),
        one.from ? ` after ${one.from}` : "", `, by ${one.by}: ${one.why} `, one.page ? link(one.page, "run") : null)))),
  ];
}
