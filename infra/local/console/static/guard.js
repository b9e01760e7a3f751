/* What a viewer notices and reports (POST …/view-events). Hints, never proof: a reader who only switches windows is left
   alone, and nothing here can stop a camera. Apps report the same types from what their system tells them. */

const SEND_AFTER = 5000;
const MOST = 50;
const KEYS = { s: "SAVE_ATTEMPT", p: "PRINT_ATTEMPT", c: "COPY_ATTEMPT" };

/* Watch the window while a note is open. `report(events)` sends and answers `{action, watermarkOpacity, message}`;
   `veil(on)` hides the page while nobody should see it; `told(answer)` shows what came back. Answers how to stop. */
export const guard = ({ report, veil, told, page }) => {
  let waiting = [];
  let timer = 0;
  const ended = new AbortController();

  const send = async () => {
    clearTimeout(timer);
    timer = 0;
    const events = waiting.splice(0, MOST);
    if (events.length === 0) return;
    try {
      told(await report(events));
    } catch {
      waiting = [...events, ...waiting].slice(0, MOST); /* a poor line: they go with the next ones */
    }
  };

  const notice = (type, { now = false } = {}) => {
    waiting.push({ type, at: new Date().toISOString(), page: page() });
    if (now) send();
    else if (!timer) timer = setTimeout(send, SEND_AFTER);
  };

  const on = (target, name, react) => target.addEventListener(name, react, { signal: ended.signal });
  on(document, "visibilitychange", () => { veil(document.hidden); if (document.hidden) notice("TAB_HIDDEN"); });
  on(window, "blur", () => { veil(true); notice("WINDOW_BLUR"); });
  on(window, "focus", () => veil(false));
  on(window, "beforeprint", () => { veil(true); notice("PRINT_ATTEMPT", { now: true }); });
  on(window, "afterprint", () => veil(false));
  on(document, "copy", (event) => { event.preventDefault(); notice("COPY_ATTEMPT", { now: true }); });
  on(document, "contextmenu", (event) => {
    if (!(event.target instanceof HTMLCanvasElement)) return;
    event.preventDefault();
    notice("CONTEXT_MENU");
  });
  on(document, "keydown", (event) => {
    const type = event.key === "PrintScreen" ? "SCREENSHOT_KEY" : (event.ctrlKey || event.metaKey) && KEYS[event.key.toLowerCase()];
    if (!type) return;
    if (type !== "COPY_ATTEMPT") event.preventDefault();
    if (type !== "COPY_ATTEMPT") notice(type, { now: true }); /* copying is told by its own event */
  });
  return () => { ended.abort(); return send(); };
};
