/* Small tools for building the page. Texts are always set as text, never as markup. */

export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

export const drawn = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

export const chip = (text, tone = "") => make("span", { class: `chip ${tone}` }, text);
export const none = (text) => make("p", { class: "none" }, text);
export const shown = (value) => make("pre", { tabindex: "0" }, typeof value === "string" ? value : JSON.stringify(value, null, 2));

export const clockTime = (instant) => {
  const at = new Date(instant);
  const today = document.getElementById("now").getAttribute("datetime") || new Date().toISOString();
  const far = at.toDateString() !== new Date(today).toDateString();
  const day = far ? `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ` : "";
  return make("time", { datetime: instant, title: instant }, Number.isNaN(at.getTime()) ? "–" : day + at.toLocaleTimeString("en-GB"));
};

/* Bring a list to what `items` says: rows that did not change stay the same elements, so that what is open or focused
   stays so while the page refreshes itself. */
export const reconcile = (list, items, keyOf, render) => {
  const known = list.rows || new Map();
  const next = new Map();
  for (const item of items) {
    const key = String(keyOf(item));
    const text = JSON.stringify(item);
    const old = known.get(key);
    if (old && old.text === text) {
      next.set(key, old);
      continue;
    }
    const row = render(item);
    if (old && old.row.querySelector("details[open]")) row.querySelector("details")?.setAttribute("open", "");
    next.set(key, { row, text });
  }
  for (const [key, { row }] of known) if (next.get(key)?.row !== row) row.remove();
  let after = null;
  for (const { row } of next.values()) {
    const wanted = after ? after.nextSibling : list.firstChild;
    if (row !== wanted) list.insertBefore(row, wanted);
    after = row;
  }
  list.rows = next;
};

let hiding = 0;
export const toast = (text) => {
  const place = document.getElementById("toast");
  place.textContent = text;
  clearTimeout(hiding);
  hiding = setTimeout(() => { place.textContent = ""; }, 4000);
};

/* Run something that a button asked for: the button waits with it, and a failure is told. */
export const working = async (button, work) => {
  button.disabled = true;
  try {
    return await work();
  } catch (error) {
    toast(error.message);
    return undefined;
  } finally {
    button.disabled = false;
  }
};
