// What PDF.js asks for until it has everything of some pages: node first_page.mjs <package> <file> <chunk> <pages>
import { fstatSync, openSync, readSync } from "node:fs";

const [library, path, chunk, wanted] = process.argv.slice(2);
// Nothing is drawn here, so that what a browser draws with need only be there.
for (const name of ["DOMMatrix", "Path2D", "ImageData"]) globalThis[name] ??= class {};
const pdfjs = await import(`${library}/legacy/build/pdf.mjs`);
const file = openSync(path);
const length = fstatSync(file).size;
let requests = 0;
let bytes = 0;

class Transport extends pdfjs.PDFDataRangeTransport {
  requestDataRange(begin, end) {
    requests += 1;
    bytes += end - begin;
    const part = new Uint8Array(end - begin);
    readSync(file, part, 0, end - begin, begin);
    setTimeout(() => this.onDataRange(begin, part), 1);
  }
}

let answer;
try {
  const loading = pdfjs.getDocument({
    range: new Transport(length, null), length, rangeChunkSize: Number(chunk), disableAutoFetch: true,
    disableStream: true, verbosity: 0, standardFontDataUrl: `${library}/standard_fonts/`, cMapUrl: `${library}/cmaps/`,
  });
  const book = await loading.promise;
  for (const number of wanted.split(",")) await (await book.getPage(Number(number))).getOperatorList();
  answer = { pages: book.numPages, requests, bytes };
} catch (error) {
  answer = { error: String(error), requests, bytes };
}
console.log(JSON.stringify(answer));
process.exit(0);
