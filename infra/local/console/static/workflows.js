/* Executions of the workflows, and where each is. */
import { items } from "/console/api.js";
import { chip, clockTime, make, none, reconcile, shown } from "/console/dom.js";
import { graph } from "/console/graph.js";

const TONES = { RUNNING: "busy", SUCCEEDED: "good", FAILED: "bad", TIMED_OUT: "bad", ABORTED: "warn" };
const short = (name) => String(name).replace(/^pathshala-[a-z]+-/, "");
const parsed = (text) => { try { return JSON.parse(text); } catch { return text; } };

const facts = (one) => {
  const rows = [["Execution", one.name], ["Started", one.startedAt], ["Ended", one.stoppedAt], ["Error", one.error], ["Cause", one.cause]];
  return make("dl", { class: "pairs" }, rows.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
};

const legend = () => make("div", { class: "legend" }, chip("done", "good"), chip("now", "busy"), chip("failed", "bad"), chip("to come"));

const picture = (one, definitions) => {
  const definition = definitions.get(short(one.workflow));
  return make("div", {},
    make("div", { class: "row" }, make("h2", {}, short(one.workflow)), chip(one.status.toLowerCase(), TONES[one.status] || "")),
    facts(one), make("p"),
    definition ? make("div", { class: "graph", tabindex: "0", role: "group", "aria-label": "The workflow as a graph" }, graph(definition, one)) : none("Its definition is not known."),
    definition ? legend() : null,
    one.input ? make("details", {}, make("summary", {}, "Input"), shown(parsed(one.input))) : null,
    one.output ? make("details", {}, make("summary", {}, "Output"), shown(parsed(one.output))) : null);
};

export const workflows = {
  id: "workflows",
  title: "Workflows",
  lead: "Executions, newest first; the graph shows the way each took and the state it is in.",
  draw: () => {
    const list = make("ul", { class: "list" });
    const place = make("div");
    const empty = none("No workflow was started yet. Pay an order, and its finalization appears here.");
    const flow = make("div", { class: "flow" }, list, place);
    const definitions = new Map();
    let chosen = null;
    let drawnText = "";
    let found = [];

    const show = () => {
      for (const button of list.querySelectorAll(".execution")) button.setAttribute("aria-pressed", String(button.dataset.arn === chosen));
      const one = found.find((execution) => execution.arn === chosen);
      const text = JSON.stringify(one || null);
      if (text === drawnText) return;
      drawnText = text;
      place.replaceChildren(...(one ? [picture(one, definitions)] : []));
      const frame = place.querySelector(".graph");
      if (frame) frame.scrollLeft = (frame.scrollWidth - frame.clientWidth) / 2;
    };
    const row = (one) => {
      const button = make("button", { class: "execution", "data-arn": one.arn, "aria-pressed": "false" },
        make("strong", {}, short(one.workflow)), chip(one.status.toLowerCase(), TONES[one.status] || ""),
        make("span", { class: "name" }, one.name, " · ", clockTime(one.startedAt)));
      button.addEventListener("click", () => {
        chosen = one.arn;
        show();
        place.scrollIntoView({ block: "nearest" });
      });
      return make("li", {}, button);
    };
    const refresh = async () => {
      if (!definitions.size) {
        for (const one of (await items("workflows")) || []) {
          definitions.set(short(one.name), typeof one.definition === "string" ? JSON.parse(one.definition) : one.definition);
        }
      }
      found = ((await items("executions")) || []).slice(0, 50);
      reconcile(list, found, (one) => one.arn, row);
      if (!found.some((one) => one.arn === chosen)) chosen = found.length ? found[0].arn : null;
      empty.hidden = found.length > 0;
      flow.hidden = found.length === 0;
      show();
    };
    return { element: make("div", {}, empty, flow), refresh };
  },
};
