/** One line on standard error. */
export const note = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
