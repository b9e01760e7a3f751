/* What the API was asked, what it answered, and what that cost. */
import { items } from "/console/api.js";
import { chip, clockTime, drawn, make, none, reconcile } from "/console/dom.js";

const tone = (status) => (status >= 500 ? "bad" : status >= 400 ? "warn" : "good");
const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

const bar = (one, whole) => {
  const from = (100 * (one.startMs || 0)) / whole;
  const width = Math.max(0.6, (100 * one.durationMs) / whole);
  const svg = drawn("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawn("rect", { class: "track", width: "100", height: "6", rx: "1" }),
    drawn("rect", { class: "bar", x: String(Math.min(from, 99)), width: String(Math.min(width, 100)), height: "6", rx: "1" }));
  const outcome = one.outcome && one.outcome !== "ok" ? chip(one.injected ? `${one.outcome}, injected` : one.outcome, "bad") : null;
  return make("li", {}, make("span", {}, `${one.service} ${one.operation} `, outcome), svg,
    make("span", { class: "of" }, `${Math.round(one.durationMs * 10) / 10} ms · ${counted(one.units || 0, "unit")}`));
};

const inside = (one) => {
  const calls = one.awsCalls || [];
  const whole = Math.max(one.durationMs || 1, ...calls.map((call) => (call.startMs || 0) + call.durationMs));
  return make("div", { class: "inside" },
    make("p", { class: "small quiet" }, `${one.function || "the gateway itself"} · request ${one.requestId}`),
    calls.length ? make("ul", { class: "bars" }, calls.map((call) => bar(call, whole))) : make("p", { class: "small quiet" }, "No AWS calls."));
};

const row = (one) => make("li", {}, make("details", {},
  make("summary", {}, make("div", { class: "request" },
    make("span", { class: `status ${tone(one.status)}` }, String(one.status)),
    make("span", { class: "path" }, `${one.method} ${one.path}`, one.code ? make("span", { class: "quiet" }, ` ${one.code}`) : null),
    clockTime(one.at),
    make("span", { class: "numbers" },
      make("span", {}, `${Math.round(one.durationMs)} ms`),
      make("span", {}, counted((one.awsCalls || []).length, "AWS call")),
      make("span", {}, counted(one.units ?? 0, "unit"))))),
  inside(one)));

export const requests = {
  id: "requests",
  title: "Requests",
  lead: "The newest first: status, time, AWS calls and the capacity units they consumed.",
  draw: () => {
    const list = make("ul", { class: "list" });
    const filter = make("input", { type: "search", placeholder: "Filter by path, status or code", "aria-label": "Filter the requests" });
    const empty = none("");
    let all = [];
    const show = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      const fitting = all.filter((one) => words.every((word) => `${one.status} ${one.method} ${one.path} ${one.code || ""}`.toLowerCase().includes(word)));
      reconcile(list, fitting.slice(0, 200), (one) => one.requestId + one.at, row);
      empty.hidden = fitting.length > 0;
      empty.textContent = all.length ? "No request fits the filter." : "Nothing was asked yet. Sign in on the overview, or call the API.";
    };
    filter.addEventListener("input", show);
    const refresh = async () => {
      all = (await items("requests")) || [];
      show();
    };
    return { element: make("div", {}, make("p", {}, filter), list, empty), refresh };
  },
};
