// The tasks at work: for how long, and how far each says it is.

import { h, link } from "./dom.js";
import { lasted } from "./told.js";

export function working(tasks) {
  if (!tasks?.length) return null;
  return h("ul", { class: "plain working", "aria-label": "At work" }, tasks.map((one) =>
    h("li", {}, link(one.page, `${one.dag} ${one.task}`), ` ${lasted(one.seconds)}`, one.said ? [": ", h("b", {}, one.said)] : null)));
}
