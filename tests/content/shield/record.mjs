// Which ranges PDF.js asks for: node record.mjs <folder of pdfjs-dist> <file.pdf> <pages, by commas> → JSON, a list of [first, last] a page.
import fs from "node:fs";
const [home, path, wanted] = process.argv.slice(2);
for (const name of ["DOMMatrix", "Path2D", "ImageData"]) globalThis[name] ??= class {};
const pdfjs = await import(`${home}/legacy/build/pdf.mjs`);
const CHUNK = 524288, MOST = 1048576;
const length = fs.statSync(path).size, fd = fs.openSync(path, "r");
let asked = [];
const transport = new pdfjs.PDFDataRangeTransport(length, null);
transport.requestDataRange = (begin, end) => {
  const whole = Buffer.alloc(end - begin);
  fs.readSync(fd, whole, 0, end - begin, begin);
  for (let at = begin; at < end; at += MOST) asked.push([at, Math.min(end, at + MOST) - 1]);
  setTimeout(() => transport.onDataRange(begin, new Uint8Array(whole)), 1);
};
const book = await pdfjs.getDocument({ range: transport, rangeChunkSize: CHUNK, disableAutoFetch: true, disableStream: true, verbosity: 0,
  standardFontDataUrl: `${home}/standard_fonts/` }).promise;
const steps = [];
for (const number of wanted.split(",").map(Number)) {
  const page = await book.getPage(number < 0 ? book.numPages + 1 + number : number);
  await page.getOperatorList();
  page.cleanup();
  steps.push(asked);
  asked = [];
}
console.log(JSON.stringify({ length, steps }));
process.exit(0);
