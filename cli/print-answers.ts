/** How `infer` shows answers: a line a text for people, a file's own rows with the answers added, or JSON. */
import { answeredColumns, answeredRow, probabilityOf } from '../experiments/evaluate/answered-rows.js';
import { type OutputFormat, RowWriter } from '../data/tables/write.js';
import type { Classification } from '../inference/run/classification.js';
import type { PublicModel } from '../model/artifact/artifact.js';
import type { ModelConfig } from '../model/config.js';
import { megabytes } from '../util/megabytes.js';
import { note } from '../util/note.js';
import { print, printJson } from './output.js';
import { printClassification } from './print-classification.js';
import type { TextInput } from './texts.js';

export interface AnswerPrinter {
  print(input: TextInput, answer: Classification): void;
}

export interface AnswerStyle {
  readonly json: boolean;
  readonly details: boolean;
  readonly output?: OutputFormat | undefined;
}

/** A text as long as a line. */
const LINE_CHARACTERS = 100;

/** On one line, by characters and not by halves of them. */
function shortText({ text, textPair }: Classification): string {
  const whole = (textPair === null ? text : `${text} | ${textPair}`).replace(/\s+/gu, ' ').trim();
  const characters = [...whole];
  return characters.length <= LINE_CHARACTERS
    ? whole
    : `${characters.slice(0, LINE_CHARACTERS - 1).join('')}…`;
}

const percent = (probability: number | null): string =>
  probability === null ? '' : `${(100 * probability).toFixed(1)}%`;

/** `label  probability  text`, the labels as wide as the model's longest. */
function linePrinter({ labels }: ModelConfig): AnswerPrinter {
  const width = labels.reduce((most, label) => Math.max(most, [...label].length), 0);
  return {
    print(_, answer) {
      const label = answer.labelName.padEnd(width + answer.labelName.length - [...answer.labelName].length);
      print([label, percent(probabilityOf(answer)).padStart(6), shortText(answer)].join('  '));
    },
  };
}

function rowPrinter(
  format: OutputFormat,
  columns: readonly string[],
  { problem }: ModelConfig,
): AnswerPrinter {
  const writer = new RowWriter(format, answeredColumns(columns));
  process.stdout.write(writer.header());
  return {
    print: ({ fields }, answer) => {
      process.stdout.write(writer.row(answeredRow(fields, answer, problem)));
    },
  };
}

/** `columns`: the fields that every text has; `parties`: how many compute the answer. */
export function answerPrinter(
  style: AnswerStyle,
  columns: readonly string[],
  { config, method }: Pick<PublicModel, 'config' | 'method'>,
  parties: number,
): AnswerPrinter {
  if (style.json) return { print: (_, answer) => printJson({ ...answer, method: method.name, parties }) };
  if (style.output !== undefined) return rowPrinter(style.output, columns, config);
  if (style.details) return { print: (_, answer) => printClassification(answer, undefined, parties) };
  return linePrinter(config);
}

/** What a file's texts came to: for standard error, at its end. */
export class Summary {
  readonly #counts = new Map<string, number>();
  #texts = 0;
  #milliseconds = 0;
  #bytes = 0;

  add({ labelName, cost }: Classification, isCounted: boolean): void {
    if (isCounted) this.#counts.set(labelName, (this.#counts.get(labelName) ?? 0) + 1);
    this.#texts++;
    this.#milliseconds += cost.milliseconds + cost.offline.milliseconds;
    const { offline } = cost;
    this.#bytes += cost.sentBytes + cost.receivedBytes + offline.sentBytes + offline.receivedBytes;
  }

  tell(): void {
    if (this.#texts === 0) return;
    const labels = [...this.#counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`);
    const each = `${(this.#milliseconds / this.#texts / 1000).toFixed(2)} s and ${megabytes(this.#bytes / this.#texts)} MB each`;
    note([`${this.#texts} texts`, ...labels, each].join('; '));
  }
}
