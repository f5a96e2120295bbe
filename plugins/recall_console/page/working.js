// The running tasks: for how long, and their progress.

import { h, link } from "./dom.js";
import { lasted } from "./format.js";

export function working(tasks) {
  if (!tasks?.length) return null;
  return h("ul", { class: "plain working", "aria-label": "At work" }, tasks.map((one) =>
    h("li", {}, link(one.page, `${one.dag} ${one.task}`), ` ${lasted(one.seconds)}`, one.progress ? [": ", h("b", {}, one.progress)] : null)));
}
