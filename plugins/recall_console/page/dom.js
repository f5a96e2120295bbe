// Elements from data. Text is always text: what comes from the store, a title or a reason, is never markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(element, attributes, children);
  return element;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

export function put(id, ...children) {
  const element = document.getElementById(id);
  const open = new Set([...element.querySelectorAll("details[open][data-key]")].map((one) => one.dataset.key));
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  for (const one of element.querySelectorAll("details[data-key]")) if (open.has(one.dataset.key)) one.open = true;
}

// The answer of a route: {ok}, or {away} with the reason.
export async function ask(path) {
  try {
    const answer = await fetch(path, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    const content = await answer.json();
    if (answer.ok) return { ok: content };
    if (answer.status === 401) return { away: "your login to Airflow has ended: log in again, then reload this page" };
    return { away: content.away ?? content.denied ?? content.absent, refused: content.refused, status: answer.status };
  } catch {
    return { away: "Airflow's API server does not answer" };
  }
}

// Links work inside Airflow too: its frame lets a page open nothing by itself, so the page around it is asked to.
export function link(href, text, more = {}) {
  if (!href || !/^(https?:|\/(?![/\\])|documents\/|\.)/.test(href)) return h("span", {}, text);
  return h("a", { href, target: "_blank", rel: "noopener", onclick: outwards, ...more }, text);
}

function outwards(event) {
  if (window.parent === window) return;
  try {
    const twin = window.parent.document.createElement("a");
    twin.href = event.currentTarget.href;
    twin.target = "_blank";
    twin.rel = "noopener";
    event.preventDefault();
    twin.click();
  } catch {
    // another origin frames this page: the browser decides
  }
}

// Dark or light as Airflow around this page is; alone, as the person's system is.
export function follow() {
  try {
    if (window.parent === window) return;
    const outside = window.parent.document.documentElement;
    const take = () => { document.documentElement.dataset.theme = outside.classList.contains("dark") ? "dark" : "light"; };
    take();
    new MutationObserver(take).observe(outside, { attributes: true, attributeFilter: ["class"] });
  } catch {
    // another origin frames this page
  }
}
