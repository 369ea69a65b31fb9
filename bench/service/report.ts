/** Reports of `bench service` as Markdown tables, for docs and people. */
import { availableParallelism, cpus } from 'node:os';
import type { FaultRow } from './faults.js';
import { OUTCOMES } from './faults.js';
import type { LoadRow, Percentiles } from './load.js';
import type { SoakReport } from './soak.js';

export interface ServiceReport {
  readonly machine: string;
  readonly load?: readonly LoadRow[];
  readonly faults?: readonly FaultRow[];
  readonly soak?: SoakReport;
}

export const machineName = (): string =>
  `${availableParallelism()} processors, ${cpus()[0]?.model ?? 'unknown'}`;

const table = (header: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const seconds = ({ p50, p90, p99 }: Percentiles): string =>
  [p50, p90, p99].map((milliseconds) => (milliseconds / 1000).toFixed(1)).join(' / ');

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

const errorsOf = (errors: Readonly<Record<string, number>>): string =>
  Object.entries(errors)
    .map(([code, times]) => `${times} ${code}`)
    .join(', ') || 'none';

const loadTable = (rows: readonly LoadRow[]): string =>
  table(
    [
      ...['clients at once', 'texts, right / answered', 'errors', 'texts a second', 'MB a text'],
      ...['set-up, s, p50 / p90 / p99', 'text, s, p50 / p90 / p99', 'server, MB, before / most / after'],
    ],
    rows.map(({ clients, texts, right, errors, textsPerSecond, bytesPerText, setUp, text, memoryBytes }) => [
      ...[
        clients,
        `${right} / ${texts}`,
        errorsOf(errors),
        textsPerSecond.toFixed(2),
        (bytesPerText / 1e6).toFixed(2),
      ],
      ...[seconds(setUp), seconds(text)],
      [memoryBytes.before, memoryBytes.most, memoryBytes.after].map(megabytes).join(' / '),
    ]),
  );

const faultTable = (rows: readonly FaultRow[]): string =>
  table(
    ['fault', 'tried', ...OUTCOMES, 'errors'],
    rows.map(({ kind, tried, outcomes, codes }) => [
      ...[kind, tried, ...OUTCOMES.map((outcome) => outcomes[outcome] ?? 0)],
      errorsOf(codes),
    ]),
  );

const soakTable = (soak: SoakReport): string =>
  table(
    [
      ...['minutes', 'connections', 'texts, right / answered', 'errors', 'text, s, p50 / p90 / p99'],
      ...['server, MB, first / last', 'growth in the second half, MB an hour'],
    ],
    [
      [
        ...[
          soak.minutes.toFixed(1),
          soak.connections,
          `${soak.right} / ${soak.texts}`,
          errorsOf(soak.errors),
        ],
        seconds(soak.text),
        `${megabytes(soak.memory[0]?.bytes ?? 0)} / ${megabytes(soak.memory.at(-1)?.bytes ?? 0)}`,
        soak.growthBytesPerHour === null ? 'too short to tell' : megabytes(soak.growthBytesPerHour),
      ],
    ],
  );

export function markdownOf({ machine, load, faults, soak }: ServiceReport): string {
  const parts = [
    `Measured on: ${machine}; server and clients on the same machine.`,
    load && `## Load\n\n${loadTable(load)}`,
    faults && `## Faults\n\n${faultTable(faults)}`,
    soak && `## Soak\n\n${soakTable(soak)}`,
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}
