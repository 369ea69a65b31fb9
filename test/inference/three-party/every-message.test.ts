/**
 * One text at three nodes and a client in one process, again for every message that a node sends to another: the node dies there, falls
 * silent while its connections stay, or somebody changes a byte of it. Nobody hangs, nobody gets another answer, and every error has a name.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';
import { Pace } from '../../../inference/backends/three-party/pace.js';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { PeerClosedError, PeerTimeoutError } from '../../../inference/core/errors.js';
import { Prg } from '../../../inference/crypto/prg.js';
import type { Channel } from '../../../inference/net/channel.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { transcriptChannel } from '../../../inference/net/transcript.js';
import { askNodes, ClientBackend } from '../../../inference/three-party/client-backend.js';
import { NodeEngine } from '../../../inference/three-party/node-run.js';
import { readNodeModel, shareModel } from '../../../inference/three-party/share-model.js';
import { writeArtifact } from '../../../model/artifact/artifact-file.js';
import type { PublicModel } from '../../../model/artifact/artifact.js';
import { CipherPruneError } from '../../../util/errors.js';
import { patientChannel } from '../../support/patient-channel.js';

type Fault = 'death' | 'change' | 'stall';
/** A change shows at the end of a whole text only; tampered.test.ts has more of them. */
const STRIDE: Readonly<Record<Fault, number>> = { death: 1, change: 8, stall: 1 };
/** Who stalls is given up after so long. */
const TIMEOUT_MILLISECONDS = 1_000;
/** Without a stall nobody is, however busy the machine. */
const NO_TIMEOUT_MILLISECONDS = 120_000;
/** Texts in which somebody stalls wait for each other's timeouts, so many at the same time. */
const SIDE_BY_SIDE = 64;
/** Other texts may keep one from coming to its message in time. */
const ATTEMPTS = 4;

interface Plan {
  readonly node: number;
  readonly message: number;
  readonly fault: Fault;
}

const INPUT = { ids: [2, 6, 7, 3], tokenTypes: [0, 0, 0, 0] };
const REQUEST = { id: '00'.repeat(16), answer: FINEST_LOGITS, suite: 'aes' as const, buckets: [8] };
const NODES = [0, 1, 2] as const;

describe('three nodes, at every message', () => {
  let folder: string;
  let model: PublicModel;
  let engines: readonly NodeEngine[];

  /** → logits at the client, or its error; and what came of each node. `sent` counts the nodes' messages to others. */
  async function run(plan: Plan | null) {
    const sent = [0, 0, 0];
    const toOthers = NODES.map(() => memoryChannelPair());
    const toClient = NODES.map(() => memoryChannelPair());
    const all = [...toOthers, ...toClient].flat();
    const [dead, silent] = [new Set<number>(), new Set<number>()];
    const timeout = plan?.fault === 'stall' ? TIMEOUT_MILLISECONDS : NO_TIMEOUT_MILLISECONDS;
    const endsOf = (node: number): readonly Channel[] => [
      ...[toOthers[node]![0], toOthers[(node + 2) % 3]![1], toClient[node]![0]],
    ];
    const failing = (node: number, channel: Channel): Channel => ({
      send(bytes) {
        const isPlanned = plan?.node === node && sent[node]!++ === plan.message;
        if (plan?.node !== node) sent[node]!++;
        if (isPlanned && plan.fault === 'death') {
          dead.add(node);
          for (const end of endsOf(node)) void end.close();
        }
        if (isPlanned && plan.fault === 'stall') silent.add(node);
        if (dead.has(node)) throw new PeerClosedError('dead');
        if (silent.has(node)) return;
        channel.send(isPlanned ? bytes.with(0, bytes[0]! ^ 1) : bytes);
      },
      receive: (byteLength) => channel.receive(byteLength),
      close: () => channel.close(),
    });
    const seed = (pair: number) => new Uint8Array(16).fill(pair + 1);
    const link = (node: number, pair: number): Channel => {
      const end = toOthers[pair]![pair === node ? 0 : 1];
      const channel = transcriptChannel(patientChannel(failing(node, end), 'a node', timeout));
      channel.transcript!.start(seed(pair));
      return channel;
    };
    const nodes = NODES.map(async (index) => {
      const previous = (index + 2) % 3;
      const node = {
        index,
        next: link(index, index),
        previous: link(index, previous),
        withNext: Prg.insecureForTests(100 + index),
        withPrevious: Prg.insecureForTests(100 + previous),
        pace: new Pace(),
      };
      try {
        const { send } = await engines[index]!.run(node, transcriptChannel(toClient[index]![0]), REQUEST);
        await send();
      } catch (error) {
        // As a node that cannot go on does.
        for (const end of endsOf(index)) void end.close();
        throw error;
      }
    });
    const ask = async (): Promise<readonly number[]> => {
      // A client waits longer than nodes do for each other.
      const links = toClient.map(([, end]) => transcriptChannel(patientChannel(end, 'a node', 4 * timeout)));
      const backend = new ClientBackend(
        links,
        Prg.insecureForTests(7),
        REQUEST,
        model.config.layers,
        () => undefined,
      );
      const { logits } = await askNodes(backend, model, INPUT, { bucket: 8, terms: FINEST_LOGITS });
      await backend.confirm();
      return logits!;
    };
    const [answer, ...outcomes] = await Promise.allSettled([ask(), ...nodes]);
    await Promise.all(all.map((channel) => channel.close()));
    return { answer: answer!, outcomes, sent };
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-messages-'));
    const artifact = tinyArtifact({ scheduled: true });
    model = artifact.public;
    await shareModel(await writeArtifact(join(folder, 'artifact'), artifact), join(folder, 'shares'));
    const models = NODES.map((node) => readNodeModel(join(folder, 'shares', String(node))));
    engines = (await Promise.all(models)).map((one) => new NodeEngine(one));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** A whole text, and the places of faults in another. */
  async function wholeRun(fault: Fault) {
    const whole = await run(null);
    expect(whole.answer.status).toBe('fulfilled');
    expect(Math.min(...whole.sent)).toBeGreaterThan(20);
    const plans = NODES.flatMap((node) =>
      Array.from({ length: whole.sent[node]! }, (_, message): Plan => ({ node, message, fault })),
    );
    return { whole, plans: plans.filter(({ message }) => message % STRIDE[fault] === 0) };
  }

  function expectFailure(
    { node, message }: Plan,
    { answer, outcomes }: Awaited<ReturnType<typeof run>>,
  ): void {
    expect([node, message, answer.status]).toEqual([node, message, 'rejected']);
    for (const one of [answer, ...outcomes])
      if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(CipherPruneError);
    // Whoever did not hear the fault may be done; the one that failed is not, or those that waited for it.
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true);
  }

  it.each<Fault>(['death', 'change'])(
    'give no answer and a named error after a %s',
    async (fault) => {
      const { whole, plans } = await wholeRun(fault);
      for (const plan of plans) expectFailure(plan, await run(plan));
      // And go on as before.
      expect((await run(null)).answer).toEqual(whole.answer);
    },
    240_000,
  );

  /** A run in which the node came to the message at which it falls silent. */
  async function stalledRun(plan: Plan) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const result = await run(plan);
      if (result.sent[plan.node]! > plan.message) return result;
    }
    throw new Error(`node ${plan.node} never came to message ${plan.message}`);
  }

  it('give no answer and a named error after a stall', async () => {
    const { whole, plans } = await wholeRun('stall');
    for (let begin = 0; begin < plans.length; begin += SIDE_BY_SIDE)
      await Promise.all(
        plans.slice(begin, begin + SIDE_BY_SIDE).map(async (plan) => {
          const result = await stalledRun(plan);
          expectFailure(plan, result);
          const reasons = result.outcomes.map((one) => one.status === 'rejected' && one.reason);
          expect(reasons.some((reason) => reason instanceof PeerTimeoutError)).toBe(true);
        }),
      );
    expect((await run(null)).answer).toEqual(whole.answer);
  }, 240_000);
});
