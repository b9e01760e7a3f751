/* The watermark: who reads, stamped over the page. Angle, spacing and offsets come with the facts (they follow the seed), so
   that a screenshot tells which reading it was. It is painted into the page's own canvas: there is no layer to take away. */

const LETTERS = 13;
const LINE = 1.25;

/* Paint the stamps of `facts` over a canvas of `ratio` device pixels a CSS pixel. `shift` counts the moves since the facts
   were taken; `opacity` replaces the one of the facts where the API asked for more. */
export const stamp = (canvas, facts, { ratio = 1, shift = 0, opacity } = {}) => {
  const paint = canvas.getContext("2d");
  const { angleDeg, spacing, offsetX, offsetY, texts } = facts.display;
  const step = spacing * ratio;
  const size = LETTERS * ratio;
  const drift = (shift * 0.382) % 1; /* a share of the spacing that comes back to itself only after many moves */
  const reach = Math.hypot(canvas.width, canvas.height);
  paint.save();
  paint.translate(canvas.width / 2, canvas.height / 2);
  paint.rotate((angleDeg * Math.PI) / 180);
  paint.globalAlpha = opacity ?? facts.display.opacity;
  paint.textAlign = "center";
  paint.lineWidth = 2 * ratio;
  paint.strokeStyle = "#fff"; /* a rim, so that it can be read on dark pictures too */
  paint.fillStyle = "#000";
  let row = 0;
  for (let y = -reach + step * (offsetY / 100 + drift); y < reach; y += step) {
    for (let x = -reach + step * (offsetX / 100 + drift + (row % 2) / 2); x < reach; x += step) {
      texts.forEach((text, line) => {
        paint.font = `${line === texts.length - 1 ? 700 : 400} ${size}px system-ui, sans-serif`;
        paint.strokeText(text, x, y + line * size * LINE);
        paint.fillText(text, x, y + line * size * LINE);
      });
    }
    row += 1;
  }
  paint.restore();
};
