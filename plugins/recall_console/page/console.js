// The page: requests every source separately and draws its answer. If a service is down, its panel says so.

import { ask, follow, h, link, put } from "./dom.js";
import { card } from "./card.js";
import { data } from "./data.js";
import { plural } from "./format.js";
import { tryOut } from "./try.js";
import { working } from "./working.js";

const INTERVAL_MS = 20000;
const RETRY_MS = 2500; // while a service is down
const SOURCES = { chain: "api/chain", models: "api/models", live: "api/live", registry: "api/registry", data: "api/data" };
const NAMES = { chain: "Airflow", models: "The store", live: "Redis", registry: "MLflow", data: "The store's days" };
const MEANS = {
  chain: "Families and runs are not shown.", models: "Verdicts and decisions are not shown.",
  live: "What is shown as live is the last switch that the store has recorded; trying it out has to wait.",
  registry: "Versions behind aliases are not shown; what is live goes on being served.", data: "Days and freshness are not shown.",
};
const answers = {};

async function look() {
  const missing = await Promise.all(Object.entries(SOURCES).map(async ([name, path]) => {
    answers[name] = await ask(path);
    draw();
    return Boolean(answers[name].away);
  }));
  setTimeout(look, document.hidden ? 3 * INTERVAL_MS : missing.some(Boolean) ? RETRY_MS : INTERVAL_MS);
}

function draw() {
  const { chain, models, live, data: days } = answers;
  const families = chain?.ok?.families ?? Object.keys(models?.ok ?? {});
  put("summary", summary(families), ...Object.entries(answers).filter(([, one]) => one.away).map(([name, one]) => unavailable(name, one.away)));
  put("working", working(chain?.ok?.working));
  if (families.length) put("cards", families.map((family) => card(family, answers)));
  else if (chain?.ok) put("cards", h("p", {}, "Airflow knows no training yet. `make run` starts the first day."));
  if (days) put("days", days.ok ? data(days.ok) : h("p", { class: "quiet" }, "Not known: see above."));
  if (days?.ok) document.getElementById("dataset").textContent = days.ok.replayed ? `${days.ok.dataset}, replayed day by day` : days.ok.dataset;
  if (live?.ok && !Object.values(live.ok).some(Boolean)) put("answer", h("p", { class: "quiet" }, "Nothing is live yet: there is nothing to try."));
}

function unavailable(name, text) {
  const starting = text === "the reader is starting";
  return h("div", { class: starting ? "panel" : "panel away", role: starting ? null : "alert", "data-source": name },
    h("b", {}, starting ? "Starting the reader … " : `${NAMES[name]}: unreachable. `), starting ? "" : `${text}. ${MEANS[name]}`);
}

function summary(families) {
  const facts = [];
  const live = answers.live?.ok;
  if (live) {
    const served = families.filter((family) => live[family]);
    facts.push([served.length === families.length ? "good" : "warn", `${served.length} of ${plural(families.length, "family").replace("familys", "families")} live`]);
  }
  const fresh = answers.data?.ok?.freshness;
  if (fresh?.data.day) facts.push(["", `data through ${fresh.data.day}`]);
  for (const family of families) {
    const newest = answers.models?.ok?.[family]?.verdicts[0];
    if (newest && newest.outcome !== "promote") facts.push(["warn", `${family}: ${newest.outcome} on ${newest.day}`, `#family-${family}`]);
    if (fresh?.live[family]?.late && fresh.live[family].day) facts.push(["bad", `${family} is older than its target`, `#family-${family}`]);
  }
  const due = answers.chain?.ok?.schedule;
  if (due?.due) facts.push(["", `${due.day} is due on ${new Date(due.due * 1000).toISOString().replace("T", " ").slice(0, 16)} UTC`]);
  for (const one of due?.awaited ?? []) facts.push(["warn", `the delivery of ${one.day} is waited for`, one.page]);
  for (const one of answers.chain?.ok?.waiting ?? []) facts.push(["warn", `${one.dag} waits for a person`, one.page]);
  for (const [dag, run] of Object.entries(answers.chain?.ok?.runs ?? {})) {
    if (run.state === "failed") facts.push(["bad", `${dag} has failed`, run.page]);
    if (run.state === "running" && !answers.chain.ok.working.some((one) => one.dag === dag) && !due?.awaited.some((one) => one.page === run.page)) facts.push(["", `${dag} is running`, run.page]);
  }
  return h("ul", { class: "facts" }, facts.map(([kind, text, to]) => h("li", { class: kind }, !to ? text : to.startsWith("#") ? h("a", { href: to }, text) : link(to, text))));
}

follow();
tryOut();
look();
