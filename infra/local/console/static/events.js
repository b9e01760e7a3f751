/* Domain events as they left the table's stream. */
import { items } from "/console/api.js";
import { clockTime, make, none, reconcile, shown } from "/console/dom.js";

const row = (one) => make("li", {}, make("details", {},
  make("summary", {}, make("div", { class: "line" }, make("strong", {}, one.event), clockTime(one.at),
    make("span", { class: "more mono" }, one.key || ""))),
  make("div", { class: "inside" }, shown(one.data ?? {}))));

export const events = {
  id: "events",
  title: "Events",
  lead: "Facts that the table's stream told: what other parts of the backend react to.",
  draw: () => {
    const list = make("ul", { class: "list" });
    const empty = none("Nothing has happened yet that anybody reacts to.");
    const refresh = async () => {
      const found = (await items("events")) || [];
      reconcile(list, found.slice(0, 200), (one) => [one.at, one.event, one.key].join(), row);
      empty.hidden = found.length > 0;
    };
    return { element: make("div", {}, list, empty), refresh };
  },
};
