/** A node whose link to another breaks or falls silent at any message: the client hears of it, and the nodes go on. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CipherPruneError } from '../../../util/errors.js';
import type { Channel } from '../../../inference/net/channel.js';
import type { Address, NodeServer } from '../../../inference/three-party/node-server.js';
import { connectNodes } from '../../../inference/three-party/connect-nodes.js';
import { connectLink } from '../../../inference/three-party/links.js';
import { freeNodes } from '../../../util/free-addresses.js';
import { closeAll, type SharedFolder, shareTiny, startNode, startNodes } from '../../support/node-servers.js';

const TEXT = 'a good movie.';
/** A stalled peer ends a text after so long. */
const TIMEOUT_MILLISECONDS = 5_000;

type Fault = 'cut' | 'stall';
interface Plan {
  readonly node: number;
  readonly fault: Fault;
  /** Which message that the node sends to other nodes. */
  readonly message: number;
}

/** What a node sends to others, until the planned message. */
class Saboteur {
  #plan: Plan | null = null;
  #sent = [0, 0, 0];

  begin(plan: Plan | null): void {
    this.#plan = plan;
    this.#sent = [0, 0, 0];
  }

  /** Messages of a node since `begin`. */
  sent(node: number): number {
    return this.#sent[node]!;
  }

  link(node: number): (channel: Channel) => Channel {
    return (channel) => ({
      send: (bytes) => {
        const index = this.#sent[node]!++;
        const plan = this.#plan;
        if (plan?.node === node && index >= plan.message) {
          if (plan.fault === 'cut' && index === plan.message) void channel.close();
          return;
        }
        channel.send(bytes);
      },
      receive: (byteLength) => channel.receive(byteLength),
      flush: () => channel.flush?.(),
      close: () => channel.close(),
      transcript: channel.transcript,
    });
  }
}

describe('three nodes, one of which fails at any message', () => {
  let shared: SharedFolder;
  let nodes: readonly [Address, Address, Address];
  let servers: NodeServer[];
  const saboteur = new Saboteur();
  let messages: number[];
  let label: number;

  const classify = async (): Promise<number> => {
    const client = await connectNodes({ nodes, timeoutMilliseconds: 2 * TIMEOUT_MILLISECONDS });
    try {
      return (await client.classify(TEXT)).label;
    } finally {
      await client.close();
    }
  };

  beforeAll(async () => {
    shared = await shareTiny();
    nodes = await freeNodes();
    servers = await startNodes(shared.shares, (node) => ({
      peers: nodes,
      timeoutMilliseconds: TIMEOUT_MILLISECONDS,
      link: saboteur.link(node),
    }));
    saboteur.begin(null);
    label = await classify();
    messages = [0, 1, 2].map((node) => saboteur.sent(node));
  }, 60_000);

  afterAll(async () => {
    await closeAll(servers);
    await shared.remove();
  });

  it('refuse a node of another sharing and one of another version by name, and go on with the right one', async () => {
    await servers[2]!.close();
    const log: string[] = [];
    const options = { peers: nodes, timeoutMilliseconds: TIMEOUT_MILLISECONDS };
    const foreign = await shareTiny();
    const other = await startNode(foreign.shares, 2, { ...options, onLog: (line) => log.push(line) });
    await expect(classify()).rejects.toThrow(/expected nodes 0, 1 and 2 of one sharing/);
    const refused = /expected node [01] of sharing \w+, got node [01] of/;
    await vi.waitFor(() => expect(log.join()).toMatch(refused), { timeout: 20_000, interval: 100 });
    await other.close();

    // Whoever speaks another version is hung up on, by the nodes and by what they say to a client.
    const old = await connectLink(nodes[0], null, { timeoutMilliseconds: TIMEOUT_MILLISECONDS });
    old.send(new TextEncoder().encode('CPN1\x01'));
    await expect(old.receive(1)).rejects.toThrow(CipherPruneError);
    await old.close();

    servers[2] = await startNode(shared.shares, 2, { ...options, link: saboteur.link(2) });
    expect(await classify()).toBe(label);
    await foreign.remove();
  }, 60_000);

  it('tell the client, and answer the next text', async () => {
    const plans = fc.record({
      node: fc.constantFrom(0, 1, 2),
      fault: fc.constantFrom<Fault>('cut', 'cut', 'stall'),
      place: fc.double({ min: 0, max: 0.98, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(plans, async ({ node, fault, place }) => {
        saboteur.begin({ node, fault, message: Math.floor(place * messages[node]!) });
        const error = await classify().then(
          () => null,
          (failure: Error) => failure,
        );
        expect(error).toBeInstanceOf(CipherPruneError);
        expect(error?.message).toMatch(/node/);
        saboteur.begin(null);
        expect(await classify()).toBe(label);
      }),
      { numRuns: 8, seed: 5, endOnFailure: true },
    );
  }, 120_000);
});
