/** `bench service soak`: clients come, ask and go for a long time. Does memory grow, does anything fail? */
import { type ClientsResult, startClients } from './clients.js';
import { knownTexts, startSubject } from './subject.js';
import { type Percentiles, percentiles } from './load.js';

export interface SoakOptions {
  readonly artifact: string;
  readonly minutes: number;
  /** At once; each leaves after a few texts, and another comes. */
  readonly clients: number;
  readonly timeoutMilliseconds: number;
  readonly serveOptions?: readonly string[];
  readonly onNote: (line: string) => void;
}

export interface SoakReport {
  readonly minutes: number;
  readonly connections: number;
  readonly texts: number;
  readonly right: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly text: Percentiles;
  /** Of the server after each round of clients. */
  readonly memory: readonly { readonly minutes: number; readonly bytes: number }[];
  /** By least squares over the second half, when everything is warm; null where that is too short to tell. */
  readonly growthBytesPerHour: number | null;
}

const TEXTS_PER_CLIENT = 3;
const MINUTE = 60_000;

/** In less, memory that is not yet given back looks like growth, or the opposite. */
const LEAST_MINUTES = 2;

/** Slope of the second half of the points. */
export function growthPerHour(memory: SoakReport['memory']): number | null {
  const points = memory.slice(memory.length >> 1);
  if (points.length < 2 || points.at(-1)!.minutes - points[0]!.minutes < LEAST_MINUTES) return null;
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(({ minutes }) => minutes)), mean(points.map(({ bytes }) => bytes))];
  let [up, down] = [0, 0];
  for (const { minutes, bytes } of points) {
    up += (minutes - meanX) * (bytes - meanY);
    down += (minutes - meanX) ** 2;
  }
  return (60 * up) / down;
}

function merged(results: readonly ClientsResult[]): Pick<SoakReport, 'texts' | 'right' | 'errors' | 'text'> {
  const errors: Record<string, number> = {};
  for (const result of results)
    for (const [code, times] of Object.entries(result.errors)) errors[code] = (errors[code] ?? 0) + times;
  const texts = results.flatMap((result) => result.texts);
  const right = results.reduce((sum, result) => sum + result.right, 0);
  return { texts: texts.length, right, errors, text: percentiles(texts) };
}

export async function measureSoak(options: SoakOptions): Promise<SoakReport> {
  const { artifact, minutes, clients, timeoutMilliseconds, serveOptions = [], onNote } = options;
  const known = await knownTexts(artifact);
  const subject = await startSubject(artifact, ['--max-clients', String(2 * clients), ...serveOptions]);
  const started = performance.now();
  const passed = (): number => (performance.now() - started) / MINUTE;
  const memory: { minutes: number; bytes: number }[] = [];
  const results: ClientsResult[] = [];
  try {
    do {
      const job = { port: subject.port, clients, texts: TEXTS_PER_CLIENT, known, timeoutMilliseconds };
      results.push(await startClients(job).result);
      memory.push({ minutes: passed(), bytes: await subject.memoryBytes() });
      onNote(`${passed().toFixed(1)} minutes: ${(memory.at(-1)!.bytes / 1e6).toFixed(0)} MB`);
    } while (passed() < minutes);
  } finally {
    await subject.stop();
  }
  const connections = results.reduce((sum, { setUps }) => sum + setUps.length, 0);
  return {
    minutes: passed(),
    connections,
    ...merged(results),
    memory,
    growthBytesPerHour: growthPerHour(memory),
  };
}
