/**
 * What commands print. Standard output holds results only, and nothing but JSON under --json; progress, notes and
 * errors go to standard error. What draws is loaded by the first drawing: a client that answers in JSON needs none of it in its memory.
 */
import { createRequire } from 'node:module';
import { printableLines } from '../util/printable.js';

const load = createRequire(import.meta.url);

/** One JSON value as one line on standard output. */
export const printJson = (value: unknown): void => {
  process.stdout.write(`${printableLines(JSON.stringify(value))}\n`);
};

/** One line of a result for people, on standard output. */
export const print = (line = ''): void => {
  process.stdout.write(`${printableLines(line)}\n`);
};

/** A table for people; the first row is the header. */
export function printTable(header: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const Table: typeof import('cli-table3') = load('cli-table3');
  const table = new Table({
    head: [...header],
    style: { head: [], border: [], compact: true },
    colAligns: header.map((_, column) => (column === 0 ? 'left' : 'right')),
  });
  table.push(...rows.map((row) => row.map(String)));
  print(table.toString());
}

export interface Progress {
  /** `details` go beside the bar, for example the loss. */
  advance(by?: number, details?: string): void;
  stop(): void;
}

const NOTHING: Progress = { advance: () => undefined, stop: () => undefined };

/** A progress bar on standard error with time left; silent where standard error is not a terminal. */
export function progressBar(label: string, total: number): Progress {
  if (!process.stderr.isTTY || total <= 0) return NOTHING;
  const { MultiBar, Presets }: typeof import('cli-progress') = load('cli-progress');
  const bars = new MultiBar(
    {
      stream: process.stderr,
      format: `${label} {bar} {value}/{total}  {eta_formatted} left  {details}`,
      hideCursor: true,
      clearOnComplete: true,
      forceRedraw: false,
    },
    Presets.shades_classic,
  );
  const bar = bars.create(total, 0, { details: '' });
  return {
    advance: (by = 1, details = '') => bar.increment(by, { details }),
    stop: () => bars.stop(),
  };
}
