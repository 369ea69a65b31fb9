/** `bench service load`: ever more clients at once: are labels right, how long do they wait, what does it take, is memory returned. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientsResult, startClients } from './clients.js';
import { knownTexts, type Subject, startSubject } from './subject.js';

export interface LoadOptions {
  readonly artifact: string;
  /** Clients at once, one row each. */
  readonly clients: readonly number[];
  /** Of each client. */
  readonly texts: number;
  readonly timeoutMilliseconds: number;
  /** From the last client's end to the last look at memory; 5,000 unless given. */
  readonly settleMilliseconds?: number;
  /** More options of `serve`: twice as many places as clients unless they say otherwise. */
  readonly serveOptions?: readonly string[];
  readonly onNote: (line: string) => void;
}

export interface LoadRow {
  readonly clients: number;
  readonly texts: number;
  readonly right: number;
  readonly errors: Readonly<Record<string, number>>;
  /** Connections' included. */
  readonly textsPerSecond: number;
  /** Sent and received for one, connections' not included. */
  readonly bytesPerText: number;
  /** Milliseconds. */
  readonly setUp: Percentiles;
  readonly text: Percentiles;
  /** Of the server: before the clients, at most meanwhile, and a while after they left. */
  readonly memoryBytes: { readonly before: number; readonly most: number; readonly after: number };
}

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

const SAMPLE_MILLISECONDS = 250;
const SETTLE_MILLISECONDS = 5_000;

export function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

/** The largest that was seen until `body` is done. */
async function mostMemory<T>(subject: Subject, body: Promise<T>): Promise<[T, number]> {
  let most = 0;
  let isDone = false;
  const watching = (async () => {
    while (!isDone) {
      most = Math.max(most, await subject.memoryBytes().catch(() => 0));
      await sleep(SAMPLE_MILLISECONDS);
    }
  })();
  try {
    return [await body, most];
  } finally {
    isDone = true;
    await watching;
  }
}

const rowOf = (clients: number, result: ClientsResult, memoryBytes: LoadRow['memoryBytes']): LoadRow => ({
  ...{ clients, memoryBytes },
  texts: result.texts.length,
  right: result.right,
  errors: result.errors,
  bytesPerText: Math.round(result.bytes / Math.max(1, result.texts.length)),
  textsPerSecond: result.texts.length / (result.milliseconds / 1000),
  setUp: percentiles(result.setUps),
  text: percentiles(result.texts),
});

export async function measureLoad(options: LoadOptions): Promise<LoadRow[]> {
  const { artifact, texts, timeoutMilliseconds, serveOptions = [], onNote } = options;
  const { settleMilliseconds = SETTLE_MILLISECONDS } = options;
  const known = await knownTexts(artifact);
  const places = String(2 * Math.max(...options.clients));
  const subject = await startSubject(artifact, ['--max-clients', places, ...serveOptions]);
  const rows: LoadRow[] = [];
  try {
    for (const clients of options.clients) {
      const before = await subject.memoryBytes();
      const job = { port: subject.port, clients, texts, known, timeoutMilliseconds };
      const [result, most] = await mostMemory(subject, startClients(job).result);
      await sleep(settleMilliseconds);
      rows.push(rowOf(clients, result, { before, most, after: await subject.memoryBytes() }));
      onNote(`${clients} at once: ${result.right} of ${clients * texts} texts right`);
    }
  } finally {
    await subject.stop();
  }
  return rows;
}
