/** Rows that cannot be used: how many of them a data set may have. */

import type { MalformedRows } from './dataset.js';
import { DatasetError } from './dataset-error.js';

/** Share of a file's rows that may be left out. */
export const DEFAULT_MAX_BAD_ROWS = 0.01;
/** Of them an error shows so many. */
const SHOWN = 5;

/**
 * Lets a few malformed rows pass, to be reported by the caller.
 * @throws DatasetError with the first of them if they are more than `maxBadRows`, a share of all `rows`, and `advice` at its end
 */
export function checkBadRows(
  file: string,
  rows: number,
  { count, first }: MalformedRows,
  maxBadRows: number = DEFAULT_MAX_BAD_ROWS,
  advice = '',
): void {
  if (count === 0 || count <= maxBadRows * rows) return;
  const shown = first.slice(0, SHOWN).map((row) => `${row.file}:${row.line}: ${row.reason}`);
  const more = count > shown.length ? [`and ${count - shown.length} more`] : [];
  const percent = (share: number): string => `${Number((100 * share).toFixed(2))}%`;
  throw new DatasetError(
    `${file}: ${count} of ${rows} rows cannot be used (${percent(count / rows)}, at most ${percent(maxBadRows)} may be: --max-bad-rows): ${[...shown, ...more].join('; ')}${advice}`,
  );
}
