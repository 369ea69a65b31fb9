/** `bench inference --parties 3`: a text through three nodes and a client, each a process of its own, over sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SUITE, type Suite } from '../../inference/core/suite.js';
import type { Classification } from '../../inference/run/classification.js';
import type { LeakRecord } from '../../inference/session/session.js';
import { shareModel } from '../../inference/three-party/share-model.js';
import type { Method } from '../../methods/method.js';
import { writeArtifact } from '../../model/artifact/artifact-file.js';
import { freeNodes } from '../../util/free-addresses.js';
import { ownModule } from '../../util/self-command.js';
import { importantShare } from '../counted.js';
import { rounded } from '../measure.js';
import { leavingCounts, type ModelName, modelConfigOf } from '../model-sizes.js';
import type { NetworkName } from '../networks.js';
import { configFor, ofMethod, randomArtifact, randomInput, textOf, withThresholds } from '../random-model.js';
import { runWithSchedule } from '../schedule-thresholds.js';
import { type Chain, chainOf, type SpanCost } from './chain.js';
import type {
  ClientReport,
  ClientRun,
  ClientTask,
  Connection,
  NodeReport,
  NodeTask,
  ProcessMessage,
} from './task.js';

export interface NodesOptions {
  readonly model: ModelName;
  readonly method: Method;
  readonly tokens: number;
  /** Tokens that each layer computes on; null for a model that keeps all. */
  readonly schedule: readonly number[] | null;
  readonly network: NetworkName;
  /** Of the shares, the nodes and the client. */
  readonly suite?: Suite | undefined;
  readonly importantRatio: number;
  /** In all, one run after another. */
  readonly texts: number;
  /** In one run. */
  readonly batch: number;
  readonly check: boolean;
  readonly seed: number;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}

interface Figure {
  readonly milliseconds: number;
  readonly bytes: number;
  readonly rounds: number;
}

export interface NodesFigure extends Figure {
  readonly model: ModelName;
  readonly tokens: number;
  readonly method: string;
  readonly parties: 3;
  readonly schedule: readonly number[] | null;
  readonly network: NetworkName;
  readonly suite: Suite;
  /** How the network is imitated. */
  readonly shaping: 'none' | 'channel';
  readonly texts: number;
  /** Texts of a run, which all other figures are of. */
  readonly batch: number;
  /** Nodes make nothing ahead of a text but prepared weights, with the first text of a model. */
  readonly offlineMilliseconds: number;
  readonly offlineBytes: number;
  readonly peakMemoryBytes: { readonly nodes: readonly number[]; readonly client: number };
  readonly cpuMilliseconds: { readonly nodes: readonly number[]; readonly client: number };
  /** Of the client's links, both directions; `bytes` counts them too. */
  readonly clientBytes: number;
  /** Of a client's process without the client: `peakMemoryBytes.client` less this is the client's own. */
  readonly bareMemoryBytes: number;
  /** Of the client's `peakMemoryBytes` what no other process shares, Node's heap included, after its last text; null where the system does not tell. */
  readonly ownMemoryBytes: number | null;
  /** Until a client can ask: without the public part at hand, with a first text's memory, and with it. */
  readonly connections: {
    readonly first: Connection & { readonly peakMemoryBytes: number };
    readonly later: Connection;
  };
  readonly maxAbsError: number | null;
  readonly layers: readonly (Figure & { readonly kept: number; readonly important: number })[];
  readonly protocols: readonly (Figure & { readonly name: string })[];
  readonly leaks: readonly LeakRecord[];
}

type Role = 'node' | 'client';

function start(role: Role, signal: AbortSignal | undefined): ChildProcess {
  const { path, execArgv } = ownModule(new URL(`./${role}-process.js`, import.meta.url));
  // Standard output belongs to the results.
  const options = {
    stdio: ['ignore', 2, 2, 'ipc'] as ['ignore', 2, 2, 'ipc'],
    ...(signal ? { signal } : {}),
  };
  return spawn(process.execPath, [...execArgv, path], options);
}

/** Sends the task and follows the process: when it is ready, and to its report. */
function follow<Report>(
  child: ChildProcess,
  name: string,
  task: NodeTask | ClientTask,
  onProgress: (text: string) => void,
) {
  let ready: () => void = () => undefined;
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const report = new Promise<Report>((resolve, reject) => {
    child.on('message', (message: ProcessMessage) => {
      if (message.kind === 'done') resolve(message.report as Report);
      else if (message.kind === 'failed') reject(new Error(`${name}: ${message.message}`));
      else if (message.kind === 'ready') ready();
      else onProgress(message.text);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`${name} process ended (${signal ?? code})`)));
    child.send(task);
  });
  report.catch(() => undefined);
  return { isReady, report };
}

interface Reports {
  readonly nodes: readonly NodeReport[];
  /** A client that has nothing yet, with a text that has the nodes prepare their weights. */
  readonly first: ClientReport;
  /** One that has the public part. */
  readonly later: ClientReport;
}

async function runProcesses(
  folder: string,
  [first, ...others]: readonly [readonly string[], ...(readonly string[])[]],
  { network, suite = DEFAULT_SUITE, onProgress, signal }: NodesOptions,
): Promise<Reports> {
  const nodes = await freeNodes();
  const children = [0, 1, 2].map(() => start('node', signal));
  const runs = 1 + others.length;
  try {
    const followed = children.map((child, node) => {
      const shares = join(folder, 'shares', String(node));
      return follow<NodeReport>(child, `node ${node}`, { nodes, network, shares, runs }, onProgress);
    });
    const failed = Promise.all(followed.map(({ report }) => report));
    await Promise.race([Promise.all(followed.map(({ isReady }) => isReady)), failed]);
    const ask = (texts: readonly (readonly string[])[]): Promise<ClientReport> => {
      const child = start('client', signal);
      children.push(child);
      const task = { nodes, network, suite, cacheFolder: join(folder, 'cache'), runs: texts };
      const { report } = follow<ClientReport>(child, 'client', task, onProgress);
      return Promise.race([report, failed.then(() => report)]);
    };
    const reports = { first: await ask([first]), later: await ask(others) };
    for (const child of children.slice(0, 3)) child.send('finish');
    return { nodes: await failed, ...reports };
  } finally {
    for (const child of children) child.kill();
  }
}

const roundedConnection = ({ milliseconds, cpuMilliseconds, bytes }: Connection): Connection => ({
  milliseconds: rounded(milliseconds),
  cpuMilliseconds: rounded(cpuMilliseconds),
  bytes,
});

const figureOf = ({ milliseconds, bytes, messages }: Omit<SpanCost, 'name' | 'layer' | 'path'>): Figure => ({
  milliseconds: rounded(milliseconds),
  bytes,
  rounds: Math.ceil(messages / 2),
});

/** By name, dearest first; a protocol inside one of the same name counts once. */
function protocolsOf({ spans }: Chain): NodesFigure['protocols'] {
  const sums = new Map<string, { milliseconds: number; bytes: number; messages: number }>();
  for (const { name, layer, path, ...cost } of spans) {
    if (layer !== null || path.length === 0 || path.includes(name)) continue;
    const sum = sums.get(name) ?? { milliseconds: 0, bytes: 0, messages: 0 };
    sums.set(name, {
      milliseconds: sum.milliseconds + cost.milliseconds,
      bytes: sum.bytes + cost.bytes,
      messages: sum.messages + cost.messages,
    });
  }
  return [...sums]
    .map(([name, cost]) => ({ name, ...figureOf(cost) }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

function figure(
  options: NodesOptions,
  { nodes, first, later }: Reports,
  expected: readonly number[] | null,
): NodesFigure {
  const { model, method, tokens, schedule, network, suite = DEFAULT_SUITE, texts, batch } = options;
  const runs = later.runs as readonly [ClientRun, ...ClientRun[]];
  const chain = chainOf(nodes.map((node) => node.runs[1]!.events));
  const { results } = runs[0]!;
  const [result] = results as readonly [Classification];
  const clientBytes = results.reduce((sum, { cost }) => sum + cost.sentBytes + cost.receivedBytes, 0);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const counts = result.layers;
  return {
    model,
    tokens,
    method: method.name,
    parties: 3,
    schedule,
    network,
    suite,
    shaping: network === 'loopback' ? 'none' : 'channel',
    texts,
    batch,
    milliseconds: rounded(mean(runs.map(({ milliseconds }) => milliseconds))),
    offlineMilliseconds: rounded(first.runs[0]!.milliseconds),
    bytes: chain.bytes + clientBytes,
    clientBytes,
    offlineBytes: 0,
    rounds: Math.ceil(chain.messages / 2),
    peakMemoryBytes: { nodes: nodes.map((node) => node.peakMemoryBytes), client: later.peakMemoryBytes },
    bareMemoryBytes: later.bareMemoryBytes,
    ownMemoryBytes: later.ownMemoryBytes,
    connections: {
      first: { ...roundedConnection(first.connection), peakMemoryBytes: first.peakMemoryBytes },
      later: roundedConnection(later.connection),
    },
    cpuMilliseconds: {
      nodes: nodes.map(({ runs: [, ...all] }) => rounded(mean(all.map((run) => run.cpuMilliseconds)))),
      client: rounded(mean(runs.map((run) => run.cpuMilliseconds))),
    },
    maxAbsError:
      expected &&
      Math.max(
        ...runs.flatMap((run) =>
          run.results.flatMap(({ logits }) => logits!.map((logit, i) => Math.abs(logit - expected[i]!))),
        ),
      ),
    // Texts of a batch are in a layer together: the first to come is the last to leave.
    layers: chain.spans
      .filter(
        (span, i, all) => span.layer !== null && all.findIndex(({ layer }) => layer === span.layer) === i,
      )
      .map((span) => ({
        ...(counts[span.layer! - 1] ?? { kept: result.bucket, important: result.bucket }),
        ...figureOf(span),
      }))
      .map(({ kept, important, milliseconds, bytes, rounds }) => ({
        kept,
        important,
        milliseconds,
        bytes,
        rounds,
      })),
    protocols: protocolsOf(chain),
    leaks: result.leaks,
  };
}

export async function benchNodes(options: NodesOptions): Promise<NodesFigure> {
  const { model, method, tokens, texts, batch, check, seed, onProgress } = options;
  const config = modelConfigOf(model);
  const ids = randomInput(config, tokens, seed);
  const folder = await mkdtemp(join(tmpdir(), 'cipherprune-bench-'));
  try {
    onProgress('drawing weights');
    const plain = ofMethod(randomArtifact(configFor(method, config), seed), method);
    const leaving = options.schedule && leavingCounts(options.schedule);
    if (check || leaving) onProgress('running the cleartext backend');
    const cleartext =
      check || leaving
        ? await runWithSchedule(plain, ids, leaving, importantShare(method, options.importantRatio), method)
        : null;
    const artifact = cleartext?.thresholds ? withThresholds(plain, cleartext.thresholds, method) : plain;
    const expected = check ? cleartext!.logits : null;
    onProgress('sharing the model');
    const parts = await writeArtifact(join(folder, 'artifact'), artifact);
    await shareModel(parts, join(folder, 'shares'), options.suite);
    onProgress('starting three nodes and a client');
    const text = textOf(ids);
    const short = textOf(ids.slice(0, 4));
    const reports = await runProcesses(
      folder,
      [[short], ...new Array<string[]>(texts / batch).fill(new Array<string>(batch).fill(text))],
      options,
    );
    return figure(options, reports, expected);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
