/** Labels as files write them. */

/** A number of a regression within its range, or the reason why it is none. */
export function readNumber(stored: string, [least, most]: readonly [number, number]): number | string {
  const number = stored.trim() === '' ? Number.NaN : Number(stored);
  if (number >= least && number <= most) return number;
  return `expected a number from ${least} to ${most}, got "${stored.slice(0, 40)}"`;
}
