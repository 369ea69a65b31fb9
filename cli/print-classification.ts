/** A classification for people: the label, a row per layer, and everything that was opened. */
import type { Classification } from '../inference/run/classification.js';
import { megabytes } from '../util/megabytes.js';
import { print, printTable } from './output.js';

const percent = (probability: number): string => `${(100 * probability).toFixed(1)}%`;

const quoted = ({ text, textPair }: Classification): string =>
  textPair === null ? `"${text}"` : `"${text}" / "${textPair}"`;

const receiver = { all: 'both', server: 'the server', client: 'the client' } as const;

/** `plaintextLabel`: what inference in the clear gives, where it is known. Among three nodes a layer's cost is theirs, the last row's the client's. */
export function printClassification(result: Classification, plaintextLabel?: string, parties = 2): void {
  const { cost, layers, probabilities, label } = result;
  print(quoted(result));
  const probability = probabilities?.[label];
  print(`  private:   ${result.labelName}${probability === undefined ? '' : ` (${percent(probability)})`}`);
  if (plaintextLabel !== undefined) {
    const verdict = plaintextLabel === result.labelName ? 'the same' : 'DIFFERENT';
    print(`  plaintext: ${plaintextLabel} (${verdict})`);
  }
  print(`  ${result.tokens} tokens, padded to ${result.bucket}`);
  const rows = layers.map((layer, index) => [
    index,
    layer.kept,
    layer.important,
    megabytes(layer.bytes),
    layer.rounds,
    Math.round(layer.milliseconds),
  ]);
  const bytes = cost.sentBytes + cost.receivedBytes;
  const total = [
    parties === 3 ? 'client' : 'all',
    '',
    '',
    megabytes(bytes),
    cost.rounds,
    Math.round(cost.milliseconds),
  ];
  printTable(['layer', 'kept', 'important', 'MB', 'rounds', 'ms'], [...rows, total]);
  const { offline } = cost;
  if (offline.milliseconds > 0)
    print(
      `  made ahead: ${megabytes(offline.sentBytes + offline.receivedBytes)} MB, ${Math.round(offline.milliseconds)} ms`,
    );
  const opened = result.leaks.map(
    ({ name, to, count }) => `${name}${count > 1 ? ` ×${count}` : ''} to ${receiver[to]}`,
  );
  print(`  opened: ${opened.join(', ') || 'nothing'}`);
  print();
}
