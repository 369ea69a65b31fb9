import { printable } from './printable.js';

/** One line on standard error, whatever a peer's message in it holds. */
export const note = (line: string): void => {
  process.stderr.write(`${printable(line)}\n`);
};
