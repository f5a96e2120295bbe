// The page: asks every source by itself, draws what has answered, and says plainly what is away.

import { ask, follow, h, link, put } from "./dom.js";
import { card } from "./card.js";
import { data } from "./data.js";
import { plural } from "./told.js";
import { tryOut } from "./try.js";
import { working } from "./working.js";

const EVERY = 20000;
const SOON = 2500; // while a source is away
const SOURCES = { chain: "api/chain", models: "api/models", live: "api/live", registry: "api/registry", data: "api/data" };
const NAMES = { chain: "Airflow", models: "The store", live: "Redis", registry: "MLflow", data: "The store's days" };
const MEANS = {
  chain: "Families and runs are not shown.", models: "Verdicts and decisions are not shown.",
  live: "What is shown as live is the last switch that the store has recorded; trying it out has to wait.",
  registry: "Versions behind aliases are not shown; what is live goes on being served.", data: "Days and freshness are not shown.",
};
const told = {};

async function look() {
  const missing = await Promise.all(Object.entries(SOURCES).map(async ([name, path]) => {
    told[name] = await ask(path);
    draw();
    return Boolean(told[name].away);
  }));
  setTimeout(look, document.hidden ? 3 * EVERY : missing.some(Boolean) ? SOON : EVERY);
}

function draw() {
  const { chain, models, live, data: days } = told;
  const families = chain?.ok?.families ?? Object.keys(models?.ok ?? {});
  put("summary", summary(families), ...Object.entries(told).filter(([, one]) => one.away).map(([name, one]) => away(name, one.away)));
  put("working", working(chain?.ok?.working));
  if (families.length) put("cards", families.map((family) => card(family, told)));
  else if (chain?.ok) put("cards", h("p", {}, "Airflow knows no training yet. `make run` starts the first day."));
  if (days) put("days", days.ok ? data(days.ok) : h("p", { class: "quiet" }, "Not known: see above."));
  if (days?.ok) document.getElementById("dataset").textContent = days.ok.replayed ? `${days.ok.dataset}, replayed day by day` : days.ok.dataset;
  if (live?.ok && !Object.values(live.ok).some(Boolean)) put("answer", h("p", { class: "quiet" }, "Nothing is live yet: there is nothing to try."));
}

function away(name, text) {
  const starting = text === "the reader is starting";
  return h("div", { class: starting ? "panel" : "panel away", role: starting ? null : "alert", "data-source": name },
    h("b", {}, starting ? "Starting the reader … " : `${NAMES[name]}: unreachable. `), starting ? "" : `${text}. ${MEANS[name]}`);
}

function summary(families) {
  const said = [];
  const live = told.live?.ok;
  if (live) {
    const served = families.filter((family) => live[family]);
    said.push([served.length === families.length ? "good" : "warn", `${served.length} of ${plural(families.length, "family").replace("familys", "families")} live`]);
  }
  const fresh = told.data?.ok?.freshness;
  if (fresh?.data.day) said.push(["", `data through ${fresh.data.day}`]);
  for (const family of families) {
    const newest = told.models?.ok?.[family]?.verdicts[0];
    if (newest && newest.outcome !== "promote") said.push(["warn", `${family}: ${newest.outcome} on ${newest.day}`, `#family-${family}`]);
    if (fresh?.live[family]?.late && fresh.live[family].day) said.push(["bad", `${family} is older than its target`, `#family-${family}`]);
  }
  const due = told.chain?.ok?.schedule;
  if (due?.due) said.push(["", `${due.day} is due on ${new Date(due.due * 1000).toISOString().replace("T", " ").slice(0, 16)} UTC`]);
  for (const one of due?.awaited ?? []) said.push(["warn", `the delivery of ${one.day} is waited for`, one.page]);
  for (const one of told.chain?.ok?.waiting ?? []) said.push(["warn", `${one.dag} waits for a person`, one.page]);
  for (const [dag, run] of Object.entries(told.chain?.ok?.runs ?? {})) {
    if (run.state === "failed") said.push(["bad", `${dag} has failed`, run.page]);
    if (run.state === "running" && !told.chain.ok.working.some((one) => one.dag === dag) && !due?.awaited.some((one) => one.page === run.page)) said.push(["", `${dag} is running`, run.page]);
  }
  return h("ul", { class: "facts" }, said.map(([kind, text, to]) => h("li", { class: kind }, !to ? text : to.startsWith("#") ? h("a", { href: to }, text) : link(to, text))));
}

follow();
tryOut();
look();
