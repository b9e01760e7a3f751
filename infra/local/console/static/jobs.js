/* Scheduled work, and running it now. */
import { items, post } from "/console/api.js";
import { chip, clockTime, make, none, reconcile, shown, working } from "/console/dom.js";

const results = new Map();

const row = (one) => {
  const place = make("div", { role: "status" });
  const show = (answer) => place.replaceChildren(
    chip(answer.ok === false ? "failed" : "done", answer.ok === false ? "bad" : "good"), " ",
    make("span", { class: "small quiet" }, answer.ms === undefined ? "" : `${Math.round(answer.ms)} ms`), shown(answer.result ?? answer));
  if (results.has(one.name)) show(results.get(one.name));
  const button = make("button", { "data-job": one.name, "aria-label": `Run ${one.name} now` }, "Run now");
  button.addEventListener("click", () => working(button, async () => {
    place.replaceChildren(chip("running", "busy"));
    try {
      const answer = await post(`jobs/${encodeURIComponent(one.name)}/run`);
      results.set(one.name, answer);
      show(answer);
    } catch (error) {
      place.replaceChildren(chip("failed", "bad"), ` ${error.message}`);
    }
  }));
  const last = one.last ? make("span", {}, " · last ", clockTime(one.last.at), " ", chip(one.last.ok === false ? "failed" : "done", one.last.ok === false ? "bad" : "good")) : null;
  return make("li", {}, make("div", { class: "cell" },
    make("div", { class: "job" }, make("strong", {}, one.name), button,
      make("span", { class: "small quiet" }, one.summary || "", make("br"), make("code", {}, one.schedule || "on demand"), last)), place));
};

export const jobs = {
  id: "jobs",
  title: "Jobs",
  lead: "Scheduled work. The local cloud runs it by its schedule; the button runs it now and shows what it answered.",
  draw: () => {
    const list = make("ul", { class: "list", id: "jobs" });
    const empty = none("There are no jobs.");
    const refresh = async () => {
      const found = (await items("jobs")) || [];
      reconcile(list, found, (one) => one.name, row);
      empty.hidden = found.length > 0;
    };
    return { element: make("div", {}, list, empty), refresh };
  },
};
