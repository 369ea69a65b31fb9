/**
 * `bench service faults`: one thing goes wrong at a message of a whole inference, by a proxy; or a party is killed. Either there is
 * the right answer or an error with a name, in time, and the server serves the next client.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../api/connect.js';
import { CipherPruneError } from '../../util/errors.js';
import { startClients } from './clients.js';
import { DIRECTIONS, FAULT_KINDS, type Fault, type FaultKind, faultProxy } from './fault-proxy.js';
import { type KnownText, knownTexts, type Subject, startSubject } from './subject.js';

export interface FaultOptions {
  readonly artifact: string;
  /** Messages of each party at which each kind happens, evenly over the inference; all of them if there are no more. */
  readonly points: number;
  readonly kinds?: readonly FaultKind[];
  readonly timeoutMilliseconds: number;
  readonly serveOptions?: readonly string[];
  readonly onNote: (line: string) => void;
}

export const OUTCOMES = [
  'right answer',
  'named error',
  'wrong answer',
  'error without a name',
  'hang',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface FaultRow {
  readonly kind: FaultKind | 'server killed' | 'client killed';
  readonly tried: number;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly codes: Readonly<Record<string, number>>;
}

/** After this many timeouts nothing more is expected. */
const HANGS_AFTER_TIMEOUTS = 30;

/** Of the client: in the middle of a text. */
const KILLED_AT_TURN = 40;

const count = <K extends string>(counts: Partial<Record<K, number>>, key: K): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

class Faults {
  constructor(
    private readonly options: FaultOptions,
    private readonly known: KnownText,
    private readonly subject: Subject,
  ) {}

  /** One inference through the port; an error's code. */
  async attempt(port: number): Promise<{ readonly outcome: Outcome; readonly code: string | null }> {
    const { timeoutMilliseconds } = this.options;
    const run = (async () => {
      const options = { knownServers: 'ignore', opens: 'counts', cache: false } as const;
      await using client = await connect({ ...options, port, timeoutMilliseconds });
      return (await client.classify(this.known.text)).label;
    })();
    const late = sleep(HANGS_AFTER_TIMEOUTS * timeoutMilliseconds, null, { ref: false });
    try {
      const label = await Promise.race([run, late]);
      run.catch(() => undefined);
      if (label === null) return { outcome: 'hang', code: null };
      return { outcome: label === this.known.label ? 'right answer' : 'wrong answer', code: null };
    } catch (error) {
      if (error instanceof CipherPruneError) return { outcome: 'named error', code: error.code };
      return { outcome: 'error without a name', code: (error as Error).message };
    }
  }

  /** Where messages begin, from a run without a fault. */
  async faults(kind: FaultKind): Promise<Fault[]> {
    const watching = await faultProxy(this.subject.port, null);
    const { outcome } = await this.attempt(watching.port);
    watching.close();
    if (outcome !== 'right answer') throw new Error(`expected an honest run to be right, got: ${outcome}`);
    return DIRECTIONS.flatMap((from) => {
      const turns = watching.turns[from];
      const points = Math.min(this.options.points, turns.length);
      const chosen = Array.from(
        { length: points },
        (_, i) => turns[Math.floor((i * turns.length) / points)]!,
      );
      return chosen.map((after) => ({ kind, from, after }));
    });
  }

  async rowOf(kind: FaultKind): Promise<FaultRow> {
    const row = { kind, tried: 0, outcomes: {}, codes: {} };
    for (const fault of await this.faults(kind)) {
      const proxy = await faultProxy(this.subject.port, fault);
      const { outcome, code } = await this.attempt(proxy.port);
      proxy.close();
      row.tried++;
      count(row.outcomes, outcome);
      if (code !== null) count<string>(row.codes, code);
    }
    return row;
  }

  /** kill -9 of the clients in the middle of their texts: does the server go on? */
  async clientKilled(): Promise<FaultRow> {
    const row = { kind: 'client killed' as const, tried: 0, outcomes: {}, codes: {} };
    for (const milliseconds of [500, 1_500]) {
      const { port } = this.subject;
      const { timeoutMilliseconds } = this.options;
      const clients = startClients({ port, clients: 2, texts: 50, known: [this.known], timeoutMilliseconds });
      await sleep(milliseconds + 1_000);
      clients.kill();
      row.tried++;
      const { outcome, code } = await this.attempt(port);
      count(row.outcomes, outcome);
      if (code !== null) count<string>(row.codes, code);
    }
    return row;
  }

  /** kill -9 of the server in the middle of a text. Nothing is served afterwards. */
  async serverKilled(): Promise<FaultRow> {
    const row = { kind: 'server killed' as const, tried: 1, outcomes: {}, codes: {} };
    const proxy = await faultProxy(this.subject.port, null);
    const attempt = this.attempt(proxy.port);
    let isDone = false;
    attempt.finally(() => {
      isDone = true;
    });
    while (proxy.turns.client.length < KILLED_AT_TURN && !isDone) await sleep(5);
    await this.subject.stop('SIGKILL');
    const { outcome, code } = await attempt;
    proxy.close();
    count(row.outcomes, outcome);
    if (code !== null) count<string>(row.codes, code);
    return row;
  }
}

export async function measureFaults(options: FaultOptions): Promise<FaultRow[]> {
  const { artifact, kinds = FAULT_KINDS, timeoutMilliseconds, serveOptions = [], onNote } = options;
  const [known] = await knownTexts(artifact);
  const seconds = String(Math.ceil(timeoutMilliseconds / 1000));
  const subject = await startSubject(artifact, [
    '--timeout',
    seconds,
    '--max-clients',
    '64',
    ...serveOptions,
  ]);
  const rows: FaultRow[] = [];
  const add = (row: FaultRow): void => {
    rows.push(row);
    onNote(`${row.kind}: ${JSON.stringify(row.outcomes)}`);
  };
  try {
    const faults = new Faults(options, known!, subject);
    for (const kind of kinds) add(await faults.rowOf(kind));
    add(await faults.clientKilled());
    add(await faults.serverKilled());
  } finally {
    await subject.stop('SIGKILL');
  }
  return rows;
}
