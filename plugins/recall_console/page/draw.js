// Differences with their intervals, and quarantined rows day by day. Every drawing has its figures as text next to it.

import { h, svg } from "./dom.js";
import { count, figure, metric, signed } from "./format.js";

// differences: name → {mean, low, high, base}; decides: the name that the gate goes by; margin: the loss it may hide.
export function intervals(differences, decides = null, margin = null, called = metric) {
  const shown = Object.entries(differences).filter(([, one]) => one && one.base);
  if (!shown.length) return h("p", { class: "quiet" }, "Nothing to compare with.");
  const share = (one, part) => one[part] / one.base;
  const reach = Math.max(0.02, ...shown.flatMap(([, one]) => [Math.abs(share(one, "low")), Math.abs(share(one, "high"))]));
  const x = (value) => 50 + 48 * Math.max(-1, Math.min(1, value / reach));
  return h("div", { class: "intervals", role: "table", "aria-label": "Differences with intervals" }, shown.map(([name, one]) => {
    const says = one.low > 0 ? "better" : one.high < 0 ? "worse" : "even";
    const line = (from, to, kind) => svg("line", { x1: from, x2: to, y1: kind === "zero" ? 0 : 10, y2: kind === "zero" ? 20 : 10, class: kind, "vector-effect": "non-scaling-stroke" });
    const mean = x(share(one, "mean"));
    return h("div", { class: `interval ${says}${name === decides ? " decides" : ""}`, role: "row" },
      h("span", { role: "rowheader", class: "name" }, called(name), name === decides ? h("span", { class: "quiet" }, " decides") : null),
      svg("svg", { viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" },
        name === decides && margin ? svg("rect", { x: x(-margin / one.base), width: 50 - x(-margin / one.base), y: 0, height: 20, class: "margin" }) : null,
        line(50, 50, "zero"), line(x(share(one, "low")), x(share(one, "high")), "span"),
        svg("line", { x1: mean, x2: mean, y1: 4, y2: 16, class: "mean", "vector-effect": "non-scaling-stroke" })),
      h("span", { role: "cell", class: "says", title: `${figure(one.base + one.mean)} against ${figure(one.base)}, difference ${one.mean.toFixed(4)} [${one.low.toFixed(4)}, ${one.high.toFixed(4)}]` },
        h("b", {}, signed(share(one, "mean"))), h("span", { class: "quiet" }, ` [${signed(share(one, "low"))}, ${signed(share(one, "high"))}]`)));
  }));
}

// days: [{day, quarantine: {reason: rows}, accounts}], the oldest first.
export function quarantined(days) {
  const total = {};
  for (const one of days) for (const [reason, rows] of Object.entries(one.quarantine)) total[reason] = (total[reason] ?? 0) + rows;
  const reasons = Object.keys(total).sort((one, other) => total[other] - total[one]);
  if (!reasons.length) return h("p", {}, `No row was quarantined ${days.length === 1 ? "on this day" : `on these ${days.length} days`}.`);
  const most = Math.max(...days.map((one) => Object.values(one.quarantine).reduce((sum, rows) => sum + rows, 0)));
  const step = Math.ceil(days.length / 7); // as many dates as a phone has room for
  const shade = (reason) => `reason${Math.min(reasons.indexOf(reason), 7)}`;
  return h("figure", {},
    h("div", { class: "bars", role: "img", "aria-label": "Quarantined rows, day by day; the table below has the figures" }, days.map((one, at) => {
      let below = 0;
      const parts = reasons.filter((reason) => one.quarantine[reason]).map((reason) => {
        const height = 100 * one.quarantine[reason] / most;
        below += height;
        return svg("rect", { x: 0, width: 10, y: 100 - below, height, class: shade(reason) });
      });
      const rows = Object.values(one.quarantine).reduce((sum, found) => sum + found, 0);
      return h("div", { class: "bar", title: `${one.day}: ${count(rows)} rows` },
        svg("svg", { viewBox: "0 0 10 100", preserveAspectRatio: "none" }, parts), h("span", { class: "quiet date" }, at % step ? "" : one.day.slice(5)));
    })),
    h("figcaption", { class: "legend" }, reasons.map((reason) => h("span", {}, svg("svg", { viewBox: "0 0 10 10", class: "key", "aria-hidden": "true" },
      svg("rect", { width: 10, height: 10, class: shade(reason) })), `${reason} ${count(total[reason])}`)), h("span", { class: "quiet" }, `at most ${count(most)} in a day`)));
}
