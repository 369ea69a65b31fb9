/**
 * An odd function as few lines as a bound on the error allows, with slopes of few bits. A slope's multiple of x can be rounded exactly before anyone
 * knows which line holds, and a line serves below zero what it serves above.
 */

/** slope · x + offset from `begin` on, to where the next one begins. */
export interface OddLine {
  readonly begin: number;
  readonly slope: number;
  readonly offset: number;
}

/** Borders and samples of the function are multiples of 2^-BORDER_BITS. */
const BORDER_BITS = 7;
/** Slopes are multiples of 2^-SLOPE_BITS. */
export const SLOPE_BITS = 7;
/** Those of a line that begins at a sample, from the curve's own there, nearest first. */
const NEAR_SLOPES = Array.from({ length: 65 }, (_, i) => (i % 2 === 0 ? -i / 2 : (i + 1) / 2));

/** How far a line of this slope reaches from sample `begin` on, and its offset; 0 of the first line, since the function is odd. */
function reachOf(values: readonly number[], slope: number, begin: number, error: number) {
  let [low, high] = begin === 0 ? [0, 0] : [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let offset = 0;
  for (let end = begin; end < values.length; end++) {
    const distance = values[end]! - slope * end * 2 ** -BORDER_BITS;
    [low, high] = [Math.min(low, distance), Math.max(high, distance)];
    const isOff = begin === 0 ? Math.max(-low, high) > error : high - low > 2 * error;
    if (isOff) return { end: end - 1, offset };
    if (begin > 0) offset = (low + high) / 2;
  }
  return { end: values.length - 1, offset };
}

/** f, constant from `clip` on, for x >= 0 within `error` at its samples: each line as long as one can be. @throws RangeError if the error is too small for such slopes */
export function oddLines(f: (x: number) => number, clip: number, error: number): OddLine[] {
  const last = Math.ceil(clip * 2 ** BORDER_BITS);
  const values = Array.from({ length: last + 1 }, (_, i) => f(i * 2 ** -BORDER_BITS));
  const lines: OddLine[] = [];
  let begin = 0;
  while (begin < last) {
    const from = begin;
    const steepness = Math.round((values[from + 1]! - values[from]!) * 2 ** (BORDER_BITS + SLOPE_BITS));
    const slopes = NEAR_SLOPES.map((near) => (steepness + near) * 2 ** -SLOPE_BITS);
    const reaches = slopes.map((slope) => ({ slope, ...reachOf(values, slope, from, error) }));
    const { end, slope, offset } = reaches.reduce((best, one) => (one.end > best.end ? one : best));
    if (end <= begin) throw new RangeError(`lines: expected an error that slopes allow, got ${error}`);
    lines.push({ begin: begin * 2 ** -BORDER_BITS, slope, offset });
    begin = end;
  }
  if (lines.at(-1)?.slope !== 0)
    lines.push({ begin: last * 2 ** -BORDER_BITS, slope: 0, offset: values[last]! });
  return lines;
}
