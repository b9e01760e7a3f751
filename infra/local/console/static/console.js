/* The shell: parts, the clock, and refreshing what is on the screen. */
import { get } from "/console/api.js";
import { make, none } from "/console/dom.js";
import { events } from "/console/events.js";
import { jobs } from "/console/jobs.js";
import { mail } from "/console/mail.js";
import { overview } from "/console/overview.js";
import { payments } from "/console/payments.js";
import { reader } from "/console/reader.js";
import { requests } from "/console/requests.js";
import { workflows } from "/console/workflows.js";

const REFRESH_MS = 2000;
const PARTS = [overview, requests, events, workflows, jobs, payments, mail, reader];

const main = document.getElementById("main");
const tabs = document.getElementById("tabs");
const live = document.getElementById("live");
let part = null;
let refreshing = false;

const showClock = async () => {
  const state = await get("state").catch(() => null);
  if (!state) return;
  const now = document.getElementById("now");
  const at = new Date(state.now);
  now.replaceChildren(make("span", { class: "day" }, `${at.toLocaleDateString("en-GB", { dateStyle: "medium" })}, `), at.toLocaleTimeString("en-GB"));
  now.setAttribute("datetime", state.now);
  const offset = document.getElementById("offset");
  const hours = Math.round((state.offsetSeconds || 0) / 360) / 10;
  offset.hidden = !state.offsetSeconds;
  offset.textContent = `${hours > 0 ? "+" : ""}${hours} h`;
};

const refresh = async () => {
  if (refreshing || !part) return;
  refreshing = true;
  const own = part;
  try {
    await Promise.all([own.refresh(), showClock()]);
  } catch (error) {
    own.trouble(error);
  } finally {
    refreshing = false;
  }
};

const open = (moved) => {
  const wanted = location.hash.slice(1);
  const chosen = PARTS.find((one) => one.id === wanted) || PARTS[0];
  for (const tab of tabs.children) {
    if (tab.dataset.part === chosen.id) {
      tab.setAttribute("aria-current", "page");
      tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else tab.removeAttribute("aria-current");
  }
  const problem = make("div", { role: "status" });
  const drawnPart = chosen.draw();
  main.replaceChildren(make("h1", {}, chosen.title), make("p", { class: "lead" }, chosen.lead), problem, drawnPart.element);
  part = {
    refresh: async () => { await drawnPart.refresh(); problem.replaceChildren(); },
    trouble: (error) => problem.replaceChildren(none(`The local cloud does not answer: ${error.message}`)),
  };
  document.title = `${chosen.title} · Pathshala local cloud`;
  if (moved) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  refreshing = false;
  refresh();
};

for (const one of PARTS) tabs.append(make("a", { href: `#${one.id}`, "data-part": one.id }, one.title));
tabs.append(make("a", { href: "/v1/docs" }, "API docs"));
window.addEventListener("hashchange", () => open(true));
live.addEventListener("change", refresh);
document.addEventListener("visibilitychange", refresh);
document.addEventListener("console:refresh", refresh);
setInterval(() => { if (live.checked && !document.hidden) refresh(); }, REFRESH_MS);
open(false);
