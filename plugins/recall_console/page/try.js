// Try it: the recommendations of each channel for a title or a user.

import { ask, h, put } from "./dom.js";
import { plural } from "./format.js";

const PAUSE = 250;
let requests = 0;

export function tryOut() {
  const form = document.getElementById("ask");
  const { title, user } = form.elements;
  let timer = null;
  title.addEventListener("input", () => {
    clearTimeout(timer);
    user.value = "";
    timer = setTimeout(() => suggest(title.value), PAUSE);
  });
  user.addEventListener("input", () => { title.value = ""; put("matches"); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    if (user.value.trim()) return show({ user: user.value.trim() }, `for user ${user.value.trim()}`);
    if (!title.value.trim()) return put("answer", h("p", {}, "Type a part of a title, or a user's id."));
    const found = await suggest(title.value);
    if (found?.length) choose(found[0]);
  });
}

async function suggest(text) {
  if (!text.trim()) return put("matches");
  const mine = ++requests;
  const answer = await ask(`api/find?${new URLSearchParams({ title: text.trim() })}`);
  if (mine !== requests) return null;
  if (!answer.ok) { put("matches", problem(answer)); return null; }
  put("matches", answer.ok.length ? answer.ok.slice(0, 6).map((item) => h("button", { type: "button", class: "match", onclick: () => choose(item) }, item.title))
    : h("span", { class: "quiet" }, "No live model knows a title like this."));
  return answer.ok;
}

function choose(item) {
  document.getElementById("title").value = item.title;
  show({ item: item.id }, `like ${item.title}`);
}

async function show(wanted, what) {
  const mine = ++requests;
  put("answer", h("p", { class: "quiet" }, "Asking …"));
  const answer = await ask(`api/try?${new URLSearchParams({ ...wanted, k: document.getElementById("k").value || 10 })}`);
  if (mine !== requests) return;
  if (!answer.ok) return put("answer", problem(answer));
  const { channels, merged, history } = answer.ok;
  const shown = "item" in wanted && merged ? [] : Object.entries(channels); // what is like an item is the same in every family
  put("answer", h("h3", {}, `Recommended ${what}`),
    "user" in wanted ? h("p", { class: "small quiet" }, history.length ? `Liked last: ${history.slice(0, 8).map((item) => item.title).join(", ")}${history.length > 8 ? " …" : ""} (${plural(history.length, "item")})` : "Nobody is known by this id: the popular items are shown.") : null,
    h("div", { class: "channels" }, merged ? column(shown.length ? "merged" : "similar", merged, shown.length ? "by reciprocal rank" : "liked by the same users") : null, shown.map(([name, list]) => column(name, list))));
}

function column(name, list, note = null) {
  const source = { popular: "what most users like", attributes: "from attributes" }[list.source];
  return h("section", { class: "channel", "aria-label": name }, h("h4", {}, name),
    h("p", { class: "small quiet" }, list.generation ? ["generation ", h("code", {}, list.generation)] : note ?? "", source && name !== "popular" ? ` ${source}` : ""),
    list.refused ? h("p", { class: "small" }, list.refused) : h("ol", {}, list.hits.map((hit) => h("li", { title: hit.genres.join(", ") }, hit.title, evidence(hit, list.liked)))));
}

function evidence(hit, liked) {
  if (hit.liked_both === null) return null;
  return h("span", { class: "small quiet" }, hit.liked_both ? ` ${hit.liked_both} of ${liked} who liked it` : " by its genres");
}

function problem(answer) {
  return h("p", { class: "panel away", role: "alert" }, answer.refused ?? `Not now: ${answer.away ?? "no answer"}.`);
}
