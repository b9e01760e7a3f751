/* A workflow drawn from its definition: states in rows by their distance from the start, with the taken way marked. */
import { drawn } from "/console/dom.js";

const BOX = { width: 172, height: 46, gapX: 26, gapY: 40, margin: 48 };

const nextOf = (state) => {
  const found = [];
  if (state.Next) found.push({ to: state.Next });
  for (const choice of state.Choices || []) found.push({ to: choice.Next });
  if (state.Default) found.push({ to: state.Default });
  for (const caught of state.Catch || []) found.push({ to: caught.Next, caught: true });
  const unique = new Map();
  for (const edge of found) if (!unique.has(edge.to) || !edge.caught) unique.set(edge.to, edge);
  return [...unique.values()];
};

/* Rows: each state one below the last that leads to it; ways back (wait, and look again) do not count. */
const rowsOf = (definition) => {
  const level = new Map();
  const walk = (name, at, way) => {
    if (!definition.States[name] || way.has(name) || (level.get(name) ?? -1) >= at) return;
    level.set(name, at);
    const on = new Set(way).add(name);
    for (const edge of nextOf(definition.States[name])) walk(edge.to, at + 1, on);
  };
  walk(definition.StartAt, 0, new Set());
  const rows = [];
  for (const [name, at] of level) (rows[at] ||= []).push(name);
  return rows;
};

const placesOf = (rows) => {
  const widest = Math.max(...rows.map((row) => row.length));
  const width = widest * (BOX.width + BOX.gapX) - BOX.gapX + 2 * BOX.margin;
  const places = new Map();
  rows.forEach((row, level) => {
    const own = row.length * (BOX.width + BOX.gapX) - BOX.gapX;
    row.forEach((name, position) => places.set(name, {
      x: (width - own) / 2 + position * (BOX.width + BOX.gapX),
      y: 14 + level * (BOX.height + BOX.gapY),
      level,
    }));
  });
  return { places, width, height: 28 + rows.length * (BOX.height + BOX.gapY) - BOX.gapY };
};

/* Down to the next row: a curve. Further down: round the left side. Back up: round the right side. */
const line = (from, to, shift, width, lane) => {
  const middle = BOX.width / 2;
  if (to.level === from.level + 1) {
    const [x1, y1, x2, y2] = [from.x + middle + shift, from.y + BOX.height, to.x + middle + shift / 2, to.y - 7];
    const bend = (y2 - y1) / 2;
    return `M${x1},${y1} C${x1},${y1 + bend} ${x2},${y2 - bend} ${x2},${y2}`;
  }
  const y1 = from.y + BOX.height / 2;
  if (to.level > from.level) {
    const [edge, over, x2] = [10 + lane * 7, to.y - 16, to.x + middle - 16];
    return `M${from.x},${y1} C${edge},${y1} ${edge},${y1} ${edge},${y1 + 16} L${edge},${over - 14}`
      + ` C${edge},${over} ${edge},${over} ${edge + 14},${over} L${x2 - 12},${over} Q${x2},${over} ${x2},${to.y - 7}`;
  }
  const [edge, y2] = [width - 10 - lane * 7, to.y + BOX.height / 2];
  return `M${from.x + BOX.width},${y1} C${edge},${y1} ${edge},${y1} ${edge},${y1 - 16} L${edge},${y2 + 16}`
    + ` C${edge},${y2} ${edge},${y2} ${to.x + BOX.width + 7},${y2}`;
};

const fitted = (name) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);

const box = (name, state, place, tone) => drawn("g", { class: tone, transform: `translate(${place.x},${place.y})` },
  drawn("title", {}, document.createTextNode(`${name} (${state.Type})`)),
  drawn("rect", { class: "box", width: BOX.width, height: BOX.height, rx: state.Type === "Choice" ? 23 : 8 }),
  drawn("text", { x: BOX.width / 2, y: 20 }, document.createTextNode(fitted(name))),
  drawn("text", { class: "kind", x: BOX.width / 2, y: 36 }, document.createTextNode(tone === "now" ? `${state.Type} · now` : state.Type)));

const arrowHead = () => drawn("defs", {}, drawn("marker", {
  id: "arrow", viewBox: "0 0 8 8", refX: "2", refY: "4", markerWidth: "7", markerHeight: "7", orient: "auto-start-reverse",
}, drawn("path", { class: "arrow", d: "M0,0 L8,4 L0,8 z" })));

/* What each state is: done, now, lost (it failed) or still to come. */
const tonesOf = (execution) => {
  const tones = new Map();
  const states = execution.states || [];
  states.forEach((one) => tones.set(one.name, one.status === "FAILED" ? "lost" : "done"));
  const last = states.at(-1);
  if (last && execution.status === "RUNNING") tones.set(last.name, "now");
  else if (last && !["RUNNING", "SUCCEEDED"].includes(execution.status)) tones.set(last.name, "lost");
  return tones;
};

export const graph = (definition, execution) => {
  const rows = rowsOf(definition);
  const { places, width, height } = placesOf(rows);
  const tones = tonesOf(execution);
  const way = (execution.states || []).map((one) => one.name);
  const taken = new Set(way.slice(1).map((name, position) => `${way[position]}→${name}`));
  const current = execution.status === "RUNNING" && way.length ? `, now in ${way.at(-1)}` : "";
  const svg = drawn("svg", {
    width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${execution.workflow}: ${execution.status.toLowerCase()}${current}`,
  }, arrowHead());
  const lanes = { down: 0, back: 0 };
  for (const [name, place] of places) {
    const edges = nextOf(definition.States[name]).filter((edge) => places.has(edge.to));
    edges.forEach((edge, position) => {
      const to = places.get(edge.to);
      const back = to.level <= place.level;
      const lane = to.level === place.level + 1 ? 0 : back ? lanes.back++ % 5 : lanes.down++ % 5;
      svg.append(drawn("path", {
        class: ["edge", edge.caught ? "catch" : "", back ? "back" : "", taken.has(`${name}→${edge.to}`) ? "taken" : ""].join(" "),
        d: line(place, to, (position - (edges.length - 1) / 2) * 18, width, lane),
        "marker-end": "url(#arrow)",
      }));
    });
  }
  for (const [name, place] of places) svg.append(box(name, definition.States[name], place, tones.get(name) || ""));
  return svg;
};
