// The days: what was read, kept and set aside; what was refused.

import { h, link } from "./dom.js";
import { setAside } from "./draw.js";
import { count, hours, since } from "./told.js";

export function data(told) {
  if (!told.days.length) return [refused(told), h("p", {}, "No day has been read yet.")];
  const fresh = told.freshness;
  const days = [...told.days].reverse();
  return [
    h("p", {}, `The newest day is ${told.days[0].day}`, told.replayed ? ", a day of a data set that has ended: ages are told by its own calendar." : `, ${hours(fresh.data.hours)} old; what is live may be ${hours(fresh.target_hours)} old.`),
    refused(told),
    h("h3", {}, "Set aside, by reason"), setAside(days),
    h("details", { "data-key": "days", open: told.days.length <= 7 }, h("summary", {}, "Day by day"),
      h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Days" }, h("table", {},
        h("thead", {}, h("tr", {}, ["day", "read", "kept", "set aside", "users", "items", "warnings", "report"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, told.days.map((one) => h("tr", {}, h("th", { scope: "row" }, one.day), [one.accounts.rows_in, one.accounts.kept, one.accounts.quarantined, one.users, one.items]
          .map((number) => h("td", {}, count(number))), h("td", { class: one.warnings.length ? "warn" : "", title: one.warnings.join("\n") }, count(one.warnings.length)),
        h("td", {}, link(`documents/snapshot/${told.dataset}/${one.day}/${one.snapshot}`, "report")))))))),
  ];
}

function refused(told) {
  if (!told.refused.length) return null;
  return [h("h3", {}, "Refused"), h("ul", { class: "plain" }, told.refused.map((one) => h("li", {}, h("b", {}, one.day), " ", since(one.made), `: ${one.reason} `,
    link(`documents/refused/${told.dataset}/${one.day}/${one.id}`, "report"))))];
}
