// The days: rows read, kept and quarantined; refused batches.

import { h, link } from "./dom.js";
import { quarantined } from "./draw.js";
import { count, hours, since } from "./format.js";

export function data(content) {
  if (!content.days.length) return [refused(content), h("p", {}, "No day has been read yet.")];
  const fresh = content.freshness;
  const days = [...content.days].reverse();
  return [
    h("p", {}, `The newest day is ${content.days[0].day}`, content.replayed ? ", a day of a data set that has ended: ages are counted from its newest day." : `, ${hours(fresh.data.hours)} old; what is live may be ${hours(fresh.target_hours)} old.`),
    refused(content),
    h("h3", {}, "Quarantined rows, by reason"), quarantined(days),
    h("details", { "data-key": "days", open: content.days.length <= 7 }, h("summary", {}, "Day by day"),
      h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Days" }, h("table", {},
        h("thead", {}, h("tr", {}, ["day", "read", "kept", "quarantined", "users", "items", "warnings", "report"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, content.days.map((one) => h("tr", {}, h("th", { scope: "row" }, one.day), [one.accounts.rows_in, one.accounts.kept, one.accounts.quarantined, one.users, one.items]
          .map((number) => h("td", {}, count(number))), h("td", { class: one.warnings.length ? "warn" : "", title: one.warnings.join("\n") }, count(one.warnings.length)),
        h("td", {}, link(`documents/snapshot/${content.dataset}/${one.day}/${one.snapshot}`, "report")))))))),
  ];
}

function refused(content) {
  if (!content.refused.length) return null;
  return [h("h3", {}, "Refused"), h("ul", { class: "plain" }, content.refused.map((one) => h("li", {}, h("b", {}, one.day), " ", since(one.made), `: ${one.reason} `,
    link(`documents/refused/${content.dataset}/${one.day}/${one.id}`, "report"))))];
}
