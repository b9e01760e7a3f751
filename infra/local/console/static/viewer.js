/* The contract between a viewer and the API, as a student app keeps it. Copy this file with watermark.js and guard.js.

   1. POST /v1/notes/{id}/view-session gives a token, the file's length and what one answer carries at most. The first time it
      asks for the notice to be accepted (403 NOTICE_NOT_ACCEPTED).
   2. PDF.js asks for ranges (its end is exclusive) and takes each once and whole: shorter 206 parts are joined here.
   3. X-View-Token goes with every request; it is renewed after renewAfterSeconds, and the one before still works for ten
      seconds, so that ranges in flight arrive.
   4. Every page is a canvas without a text layer; the watermark is painted into it, moves, and is taken anew with each renewal.
   There is no request without a range, and no HEAD; nothing is fetched ahead; one page stays in memory. */

import { guard } from "/console/guard.js";
import { stamp } from "/console/watermark.js";

const HOME = "/console/pdfjs/";
const PROGRESS_EVERY = 10_000;
const MAX_RATIO = 3;
const SLOW_CHUNK = 131_072;

/* What to ask for at once: what the API recommends; over a slow line less, for the first page is there sooner. */
const chunkOf = (session) => {
  const slow = ["slow-2g", "2g", "3g"].includes(globalThis.navigator?.connection?.effectiveType);
  return slow ? Math.min(SLOW_CHUNK, session.recommendedChunkBytes) : session.recommendedChunkBytes;
};

const library = async () => {
  const found = await import(`${HOME}pdf.min.mjs`).catch(() => {
    throw new Error("PDF.js is not here: npm carries it, and it is fetched when npm and a network are there");
  });
  found.GlobalWorkerOptions.workerSrc = `${HOME}pdf.worker.min.mjs`;
  return found;
};

const refused = async (answer) => {
  const body = await answer.json().catch(() => ({}));
  const reason = body.details && body.details.reason ? ` (${body.details.reason})` : "";
  const error = new Error(`${body.message || `The API answered ${answer.status}`}${reason}`);
  return Object.assign(error, { status: answer.status, code: body.code, details: body.details });
};

export class NoteSession {
  constructor(noteId, accessToken) {
    this.place = `/v1/notes/${noteId}`;
    this.accessToken = accessToken;
    this.requests = 0;
    this.bytes = 0;
    this.renewals = 0;
  }

  async call(method, path, { headers = {}, body } = {}) {
    const sent = { Authorization: `Bearer ${this.accessToken}`, ...headers };
    if (this.viewToken) sent["X-View-Token"] = this.viewToken;
    if (body) sent["Content-Type"] = "application/json";
    const answer = await fetch(this.place + path, { method, headers: sent, body: body && JSON.stringify(body), cache: "no-store" });
    if (!answer.ok) throw await refused(answer);
    return answer;
  }

  /* `agree(notice)` shows `{version, text}` and says whether the reader accepts it. */
  async open(agree) {
    const ask = async (body) => (await this.call("POST", "/view-session", { body })).json();
    let opened;
    try {
      opened = await ask({});
    } catch (error) {
      if (error.code !== "NOTICE_NOT_ACCEPTED" || !(await agree(error.details))) throw error;
      opened = await ask({ acceptNotice: error.details.version });
    }
    Object.assign(this, opened);
    this.renewLater();
    return this;
  }

  renewLater() {
    clearTimeout(this.renewing);
    this.renewing = setTimeout(() => this.renew().catch(() => {}), this.renewAfterSeconds * 1000);
  }

  async renew() {
    Object.assign(this, await (await this.call("POST", "/view-session/renew")).json());
    this.renewals += 1;
    this.renewLater();
  }

  /* The bytes from `begin` to before `end`, however many answers that takes. */
  async range(begin, end) {
    const whole = new Uint8Array(end - begin);
    let at = begin;
    while (at < end) {
      const answer = await this.call("GET", "/content", { headers: { Range: `bytes=${at}-${end - 1}` } });
      const part = new Uint8Array(await answer.arrayBuffer());
      if (answer.status !== 206 || part.length === 0) throw new Error("An answer that is no part of the file");
      whole.set(part, at - begin);
      at += part.length;
      this.requests += 1;
      this.bytes += part.length;
    }
    return whole;
  }

  async report(events) {
    return (await this.call("POST", "/view-events", { body: { events } })).json();
  }

  /* How far the reader got: at most every ten seconds, the last page in any case. */
  progress(page) {
    this.reached = page;
    if (!this.saving) this.saving = setTimeout(() => this.saveProgress(), this.saved ? PROGRESS_EVERY : 0);
  }

  async saveProgress() {
    clearTimeout(this.saving);
    this.saving = null;
    if (!this.reached || this.reached === this.saved) return;
    this.saved = this.reached;
    await this.call("POST", "/progress", { body: { lastPageRead: this.saved } }).catch(() => {});
  }

  async close() {
    clearTimeout(this.renewing);
    await this.saveProgress();
    await this.call("DELETE", "/view-session");
  }
}

/* What PDF.js asks for its bytes; `failed` is called with the first refusal. */
const transportOf = (pdfjs, session, failed) => {
  const transport = new pdfjs.PDFDataRangeTransport(session.contentLength, null);
  transport.requestDataRange = (begin, end) => {
    session.range(begin, end).then((chunk) => transport.onDataRange(begin, chunk), (error) => {
      transport.abort();
      failed(error);
    });
  };
  return transport;
};

/* Open a note for reading. `page(n, canvas, width)` draws one page `width` CSS pixels wide; `outline()` answers its table of
   contents; `session` says what it all cost.
   `agree` see above; `veil(on)` hides the page; `told({action, message})`: what the API made of reports; `chunk`: bytes to
   ask for at once. */
export const openNote = async (noteId, accessToken, options = {}) => {
  const { agree = () => true, veil = () => {}, told = () => {}, chunk } = options;
  const pdfjs = await library();
  const session = await new NoteSession(noteId, accessToken).open(agree);
  let stop;
  const stopped = new Promise((_, reject) => { stop = reject; });
  stopped.catch(() => {});
  const loading = pdfjs.getDocument({
    range: transportOf(pdfjs, session, stop),
    rangeChunkSize: chunk || chunkOf(session),
    disableAutoFetch: true,
    disableStream: true,
    isEvalSupported: false,
    enableXfa: false,
    cMapUrl: `${HOME}cmaps/`,
    standardFontDataUrl: `${HOME}standard_fonts/`,
    wasmUrl: `${HOME}wasm/`,
    iccUrl: `${HOME}iccs/`,
  });
  const book = await Promise.race([loading.promise, stopped]);
  let shown = null; /* the one page in memory: `{number, canvas, clean, ratio, page}` */
  let opacity;

  /* The page as it was rendered, and over it who reads. */
  const compose = () => {
    if (!shown) return;
    const { display, issuedAt } = session.watermark;
    shown.canvas.getContext("2d").drawImage(shown.clean, 0, 0);
    const shift = Math.floor((Date.now() - Date.parse(issuedAt)) / 1000 / display.shiftEverySeconds);
    stamp(shown.canvas, session.watermark, { ratio: shown.ratio, shift, opacity });
  };
  const moving = setInterval(compose, session.watermark.display.shiftEverySeconds * 1000);

  const page = async (number, canvas, width = 720) => {
    const found = await Promise.race([book.getPage(number), stopped]);
    const ratio = Math.min(globalThis.devicePixelRatio || 1, MAX_RATIO);
    const viewport = found.getViewport({ scale: (width * ratio) / found.getViewport({ scale: 1 }).width });
    const clean = document.createElement("canvas");
    clean.width = Math.round(viewport.width);
    clean.height = Math.round(viewport.height);
    await Promise.race([found.render({ canvas: clean, canvasContext: clean.getContext("2d"), viewport }).promise, stopped]);
    canvas.width = clean.width;
    canvas.height = clean.height;
    if (shown && shown.page !== found) shown.page.cleanup();
    shown = { number, canvas, clean, ratio, page: found };
    compose();
    session.progress(number);
  };

  const unguard = guard({
    report: (events) => session.report(events),
    page: () => (shown ? shown.number : 1),
    veil,
    told: (answer) => {
      opacity = answer.watermarkOpacity;
      compose();
      if (answer.action === "BLUR") veil(true);
      told(answer);
    },
  });

  const close = async () => {
    clearInterval(moving);
    await unguard().catch(() => {});
    await loading.destroy();
    await session.close().catch(() => {});
  };
  const outline = async () => (await (await session.call("GET", "/outline")).json()).items;
  return { session, pages: book.numPages, page, outline, close };
};
