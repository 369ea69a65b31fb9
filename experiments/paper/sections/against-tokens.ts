/** One quantity of several lines against the number of tokens: as a figure, and its values as a table. */
import { type Block, cell } from '../block.js';
import { logLines } from '../charts.js';
import type { Found } from '../results.js';

/** One quantity of a result. */
export interface View<Result> {
  readonly id: string;
  readonly unit: string;
  readonly pick: (result: Result) => number;
  readonly show: (value: number) => string;
}

export interface AgainstTokens<Line extends { readonly name: string }, Result> {
  readonly title: (unit: string) => string;
  readonly caption: (unit: string) => string;
  /** What a line is, over the table's first column. */
  readonly header: string;
  readonly lines: readonly Line[];
  readonly lengths: readonly number[];
  readonly found: (line: Line, tokens: number) => Found<Result>;
}

export function againstTokens<Line extends { readonly name: string }, Result>(
  { id, unit, pick, show }: View<Result>,
  { title, caption, header, lines, lengths, found }: AgainstTokens<Line, Result>,
): Block[] {
  const points = lines.flatMap((line) =>
    lengths.flatMap((tokens) => {
      const result = found(line, tokens);
      return result === null || result === 'failed' ? [] : [{ line: line.name, x: tokens, y: pick(result) }];
    }),
  );
  return [
    {
      kind: 'figure',
      figure: logLines({ id, title: title(unit), caption: caption(unit), x: 'tokens', y: unit, points }),
    },
    {
      kind: 'table',
      id,
      caption: `${unit}: the values of the figure above.`,
      header: [header, ...lengths.map((tokens) => `${tokens} tokens`)],
      rows: lines.map((line) => [
        line.name,
        ...lengths.map((tokens) => cell(found(line, tokens), (result) => show(pick(result)))),
      ]),
    },
  ];
}
