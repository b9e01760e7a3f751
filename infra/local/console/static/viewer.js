/* The contract between a viewer and the API, as a student app keeps it.

   1. POST /v1/notes/{id}/view-session gives a token, the file's length and what one answer carries at most.
   2. PDF.js asks for ranges (its end is exclusive) and takes each once and whole: shorter 206 parts are joined here.
   3. X-View-Token goes with every request; it is renewed after renewAfterSeconds, and the one before still works for ten
      seconds, so that ranges in flight arrive.
   4. The watermark is drawn over every page, and taken anew with each renewal.
   There is no request without a range, and no HEAD; nothing is fetched ahead; two pages stay in memory at most. */

const LIBRARY = "/console/pdfjs/pdf.min.mjs";
const WORKER = "/console/pdfjs/pdf.worker.min.mjs";
const MAX_PAGES_KEPT = 2;

const library = async () => {
  const found = await import(LIBRARY).catch(() => {
    throw new Error("PDF.js is not here: npm carries it, and it is fetched when npm and a network are there");
  });
  found.GlobalWorkerOptions.workerSrc = WORKER;
  return found;
};

const refused = async (answer) => {
  const body = await answer.json().catch(() => ({}));
  const reason = body.details && body.details.reason ? ` (${body.details.reason})` : "";
  const error = new Error(`${body.message || `The API answered ${answer.status}`}${reason}`);
  error.status = answer.status;
  error.code = body.code;
  return error;
};

export class NoteSession {
  constructor(noteId, accessToken) {
    this.place = `/v1/notes/${noteId}`;
    this.accessToken = accessToken;
    this.requests = 0;
    this.bytes = 0;
    this.renewals = 0;
  }

  async call(method, path, headers = {}) {
    const answer = await fetch(this.place + path, {
      method, headers: { Authorization: `Bearer ${this.accessToken}`, ...headers }, cache: "no-store",
    });
    if (!answer.ok) throw await refused(answer);
    return answer;
  }

  async open() {
    Object.assign(this, await (await this.call("POST", "/view-session")).json());
    this.renewLater();
    return this;
  }

  renewLater() {
    clearTimeout(this.renewing);
    this.renewing = setTimeout(() => this.renew().catch(() => {}), this.renewAfterSeconds * 1000);
  }

  async renew() {
    const answer = await this.call("POST", "/view-session/renew", { "X-View-Token": this.viewToken });
    Object.assign(this, await answer.json());
    this.renewals += 1;
    this.renewLater();
  }

  /* The bytes from `begin` to before `end`, however many answers that takes. */
  async range(begin, end) {
    const whole = new Uint8Array(end - begin);
    let at = begin;
    while (at < end) {
      const answer = await this.call("GET", "/content", { "X-View-Token": this.viewToken, Range: `bytes=${at}-${end - 1}` });
      const part = new Uint8Array(await answer.arrayBuffer());
      if (answer.status !== 206 || part.length === 0) throw new Error("An answer that is no part of the file");
      whole.set(part, at - begin);
      at += part.length;
      this.requests += 1;
      this.bytes += part.length;
    }
    return whole;
  }

  async close() {
    clearTimeout(this.renewing);
    await this.call("DELETE", "/view-session", { "X-View-Token": this.viewToken });
  }
}

const drawWatermark = (canvas, facts) => {
  const paint = canvas.getContext("2d");
  const { opacity, angleDeg, spacing, offsetX, offsetY, texts } = facts.display;
  const step = spacing * 1.6;
  paint.save();
  paint.globalAlpha = opacity;
  paint.fillStyle = "#555";
  paint.font = "13px sans-serif";
  paint.rotate((angleDeg * Math.PI) / 180);
  const reach = canvas.width + canvas.height;
  let line = 0;
  for (let y = -reach + (offsetY * spacing) / 100; y < reach; y += spacing / 2) {
    for (let x = -reach + (offsetX * spacing) / 100; x < reach; x += step) paint.fillText(texts[line % texts.length], x, y);
    line += 1;
  }
  paint.restore();
};

/* Open a note for reading: `page(n, canvas)` draws one page; `session` says what it cost. */
export const openNote = async (noteId, accessToken) => {
  const pdfjs = await library();
  const session = await new NoteSession(noteId, accessToken).open();
  const transport = new pdfjs.PDFDataRangeTransport(session.contentLength, null);
  let failed = null;
  transport.requestDataRange = (begin, end) => {
    session.range(begin, end).then((chunk) => transport.onDataRange(begin, chunk), (error) => {
      failed = error;
      transport.abort();
      stop();
    });
  };
  const loading = pdfjs.getDocument({
    range: transport,
    rangeChunkSize: session.recommendedChunkBytes,
    disableAutoFetch: true,
    disableStream: true,
    isEvalSupported: false,
  });
  let stop = () => {};
  const stopped = new Promise((_, reject) => { stop = () => reject(failed); });
  stopped.catch(() => {});
  const book = await Promise.race([loading.promise, stopped]);
  const kept = [];

  const page = async (number, canvas, width = 720) => {
    const found = await Promise.race([book.getPage(number), stopped]);
    const scale = width / found.getViewport({ scale: 1 }).width;
    const viewport = found.getViewport({ scale });
    canvas.width = Math.round(viewport.width);
    canvas.height = Math.round(viewport.height);
    await Promise.race([found.render({ canvas, canvasContext: canvas.getContext("2d"), viewport }).promise, stopped]);
    drawWatermark(canvas, session.watermark);
    kept.push(found);
    while (kept.length > MAX_PAGES_KEPT) kept.shift().cleanup();
  };

  const close = async () => {
    await loading.destroy();
    await session.close().catch(() => {});
  };
  return { session, pages: book.numPages, page, close };
};
