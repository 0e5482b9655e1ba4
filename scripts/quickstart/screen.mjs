/** What the quickstart shows: lines, and on a terminal one moving line below them. Without a terminal the moving line comes now and then, as a plain line. */

const terminal = process.stdout.isTTY === true;
const coloured = terminal && process.env['NO_COLOR'] === undefined;
const paint = (code) => (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

export const paints = {
  bold: paint(1),
  dim: paint(2),
  red: paint(31),
  green: paint(32),
  yellow: paint(33),
  cyan: paint(36),
};

const barCells = 24;
const repaintMsMin = 80;

/** On a terminal, a line cut to its width; its colours take no room. */
export function fitLine(line) {
  const width = process.stdout.columns ?? Infinity;
  let shown = 0;
  let fitted = '';
  for (const [piece] of line.matchAll(/\u001b\[\d+m|[^]/gu)) {
    if (piece.length > 2) fitted += piece;
    else if (++shown < width) fitted += piece;
    else if (shown === width) fitted += '…';
  }
  return fitted;
}

export function formatCount(count) {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** `done` of `total` as a bar. */
export function bar(done, total) {
  const cells = total === 0 ? 0 : Math.floor((Math.min(done, total) / total) * barCells);
  return `${paints.cyan('█'.repeat(cells))}${paints.dim('░'.repeat(barCells - cells))}`;
}

export class Screen {
  #moving = '';
  #paintedAt = 0;
  #plainTenths = -1;

  line(text = '') {
    this.#erase();
    process.stdout.write(`${text}\n`);
    this.#draw();
  }

  /** The moving line: shown in place on a terminal, elsewhere once per tenth of `share` (0 to 1). */
  moving(text, share = 0) {
    if (!terminal) {
      const tenths = Math.floor(share * 10);
      if (tenths <= this.#plainTenths) return;
      this.#plainTenths = tenths;
      process.stdout.write(`${text}\n`);
      return;
    }
    const now = performance.now();
    if (this.#moving !== '' && now - this.#paintedAt < repaintMsMin) return;
    this.#paintedAt = now;
    this.#erase();
    this.#moving = fitLine(text);
    this.#draw();
  }

  /** The moving line goes away. */
  settle() {
    this.#erase();
    this.#moving = '';
    this.#plainTenths = -1;
  }

  #erase() {
    if (terminal && this.#moving !== '') process.stdout.write('\r\u001b[2K');
  }

  #draw() {
    if (terminal && this.#moving !== '') process.stdout.write(this.#moving);
  }
}
