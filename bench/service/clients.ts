/** Many clients as one process of their own: each connects, has texts classified one after another, and says how long that took. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from '../../api/connect.js';
import { ownModule } from '../../util/self-command.js';
import type { KnownText } from './subject.js';

export interface ClientsJob {
  readonly port: number;
  readonly clients: number;
  /** For each of them. */
  readonly texts: number;
  readonly known: readonly KnownText[];
  readonly timeoutMilliseconds: number;
}

export interface ClientsResult {
  /** Of each connection, queue included. */
  readonly setUps: readonly number[];
  /** Milliseconds of each text that was answered. */
  readonly texts: readonly number[];
  /** Of these, with the right label. */
  readonly right: number;
  /** Sent and received for these. */
  readonly bytes: number;
  /** Of texts or connections, by code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly milliseconds: number;
}

class Tally {
  readonly setUps: number[] = [];
  readonly texts: number[] = [];
  readonly errors: Record<string, number> = {};
  right = 0;
  bytes = 0;

  fail(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    this.errors[code] = (this.errors[code] ?? 0) + 1;
  }
}

async function runClient(job: ClientsJob, number: number, tally: Tally): Promise<void> {
  const { port, texts, known, timeoutMilliseconds } = job;
  const options = { knownServers: 'ignore', opens: 'counts', reconnects: 5 } as const;
  let since = performance.now();
  await using client = await connect({ ...options, port, timeoutMilliseconds });
  tally.setUps.push(performance.now() - since);
  for (let i = 0; i < texts; i++) {
    const { text, label } = known[(number + i) % known.length]!;
    since = performance.now();
    const answer = await client.classify(text);
    tally.texts.push(performance.now() - since);
    tally.bytes += answer.cost.sentBytes + answer.cost.receivedBytes;
    if (answer.label === label) tally.right++;
  }
}

async function runAll(job: ClientsJob): Promise<ClientsResult> {
  const tally = new Tally();
  const started = performance.now();
  const clients = Array.from({ length: job.clients }, (_, i) =>
    runClient(job, i, tally).catch((error) => tally.fail(error)),
  );
  await Promise.all(clients);
  const { setUps, texts, errors, right, bytes } = tally;
  return { setUps, texts, right, bytes, errors, milliseconds: performance.now() - started };
}

const IS_JOB = 'CIPHERPRUNE_BENCH_CLIENTS';

/** Starts the process; `kill` ends it at once. */
export function startClients(job: ClientsJob): { readonly result: Promise<ClientsResult>; kill(): void } {
  const { path, execArgv } = ownModule(new URL('./clients.js', import.meta.url));
  const child = fork(path, [], { execArgv: [...execArgv], env: { ...process.env, [IS_JOB]: '1' } });
  child.send(job);
  const result = Promise.race([
    once(child, 'message').then(([message]) => message as ClientsResult),
    once(child, 'exit').then(() => {
      throw new Error('the clients ended before they were done');
    }),
  ]);
  result.catch(() => undefined);
  return { result, kill: () => void child.kill('SIGKILL') };
}

if (process.env[IS_JOB] !== undefined) {
  const [job] = (await once(process, 'message')) as [ClientsJob];
  const result = await runAll(job);
  process.send!(result, () => process.exit(0));
}
