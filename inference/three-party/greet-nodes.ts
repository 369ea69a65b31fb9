/** How a client and three nodes begin: who they are, one model that all vouch for and that the client admits, and a suite that all take. */
import type { PublicModel } from '../../model/artifact/artifact.js';
import { MAX_PUBLIC_BYTES } from '../../model/artifact/public-bytes.js';
import { type PublicPart, parsePublicPart } from '../../model/artifact/public-part.js';
import { concatBytes } from '../core/bytes.js';
import { ProtocolError } from '../core/errors.js';
import { acceptedSuites, type Suite } from '../core/suite.js';
import type { Channel } from '../net/channel.js';
import { closedBeforeGreeting } from '../net/before-greeting.js';
import { checkOpenings, type Openings } from '../run/openings.js';
import { type NodeHello, receiveHello, sendOpening, WANTS } from './messages.js';

/** Of a public part on its way. */
const PIECE_BYTES = 1 << 16;
/** A part of any node's timeout. */
const LATER_MILLISECONDS = 300;

/** A public part, and what a text's words are in it. */
export interface LoadedPublic {
  readonly part: PublicPart;
  /** The model with at least the rows of these words, and their numbers there; absent where the model has all. */
  wordsOf?(ids: readonly number[]): Promise<{ readonly model: PublicModel; readonly ids: readonly number[] }>;
  close?(): Promise<void>;
}

/** What node 0 has, and all three vouch for. */
export interface OfferedPublic {
  /** Hexadecimal. */
  readonly digest: string;
  readonly bytes: number;
  /** Has it sent, in pieces. */
  pieces(): AsyncGenerator<Uint8Array>;
}

/** Where a public part comes from: the offer, or what is here already. Its digest is checked by whoever asked. */
export type LoadPublic = (offer: OfferedPublic) => Promise<LoadedPublic>;

/** Joined when all are there, so that a node that only announces much does not make us allocate it. */
const loadWhole: LoadPublic = async ({ pieces }) => {
  const received: Uint8Array[] = [];
  for await (const piece of pieces()) received.push(piece);
  return { part: parsePublicPart(concatBytes(...received)) };
};

export interface GreetingOptions {
  /** Where the public part is kept; in memory unless given. */
  readonly loadPublic?: LoadPublic | undefined;
  /** The most that the model may open to the nodes; nothing unless given. */
  readonly opens?: Openings | undefined;
  /** Of the client's own generators; what this machine is fast with, of what the nodes take, unless given. */
  readonly suite?: Suite | undefined;
  /** Accept only a model whose public part has this digest. */
  readonly modelDigest?: string | undefined;
}

/** The first that the client takes and all nodes do. @throws ProtocolError */
function suiteOfTexts(hellos: readonly NodeHello[], only?: Suite): Suite {
  const accepted = acceptedSuites(only);
  const suite = accepted.find((one) => hellos.every(({ suites }) => suites.includes(one)));
  if (suite !== undefined) return suite;
  const ofNodes = hellos.map(({ node, suites }) => `node ${node} ${suites.join(' and ') || 'none'}`);
  throw new ProtocolError(
    `nodes: expected one suite that all take, the client takes ${accepted.join(' and ')}, ${ofNodes.join(', ')} (--suite)`,
  );
}

export interface Greeted {
  readonly loaded: LoadedPublic;
  readonly suite: Suite;
}

/**
 * @throws ProtocolError unless the nodes are the three of one sharing, in their order, with the model that is expected, and take a suite of the
 * client's; OpensMoreError
 */
export async function greetNodes(channels: readonly Channel[], options: GreetingOptions): Promise<Greeted> {
  const { loadPublic = loadWhole, suite: only } = options;
  for (const channel of channels) sendOpening(channel, 'client');
  const hellos = await Promise.all(
    channels.map((channel) => receiveHello(channel).catch(closedBeforeGreeting)),
  );
  const [{ sharing, publicDigest: digest, publicBytes: bytes }] = hellos as [NodeHello];
  for (const [place, hello] of hellos.entries()) {
    if (hello.sharing !== sharing || hello.node !== place)
      throw new ProtocolError(
        `expected nodes 0, 1 and 2 of one sharing in this order, got node ${hello.node} of ${hello.sharing} at place ${place}`,
      );
    if (hello.publicDigest !== digest)
      throw new ProtocolError(`node ${place}: expected the model ${digest}, got ${hello.publicDigest}`);
  }
  const suite = suiteOfTexts(hellos, only);
  if (bytes > MAX_PUBLIC_BYTES)
    throw new ProtocolError(
      `node 0: expected a public part of at most ${MAX_PUBLIC_BYTES} bytes, got ${bytes}`,
    );
  const [first, ...others] = channels as [Channel, ...Channel[]];
  let isSent = false;
  const loaded = await loadPublic({
    digest,
    bytes,
    async *pieces() {
      isSent = true;
      first.send(Uint8Array.of(WANTS.yes));
      let told = performance.now();
      for (let left = bytes; left > 0; left -= Math.min(left, PIECE_BYTES)) {
        yield first.receive(Math.min(left, PIECE_BYTES));
        if (performance.now() - told < LATER_MILLISECONDS) continue;
        told = performance.now();
        // They wait, and a word table takes minutes on a slow line.
        for (const channel of others) {
          channel.send(Uint8Array.of(WANTS.later));
          channel.flush?.();
        }
      }
    },
  });
  try {
    for (const channel of isSent ? others : channels) channel.send(Uint8Array.of(WANTS.no));
    if (loaded.part.digest !== digest)
      throw new ProtocolError(`nodes: expected the model ${digest}, got ${loaded.part.digest}`);
    checkModel(loaded.part, options);
    return { loaded, suite };
  } catch (error) {
    await loaded.close?.();
    throw error;
  }
}

function checkModel(
  { digest, model }: PublicPart,
  { modelDigest, opens = 'nothing' }: GreetingOptions,
): void {
  if (modelDigest !== undefined && modelDigest !== digest)
    throw new ProtocolError(`nodes: expected the model ${modelDigest}, got ${digest}`);
  checkOpenings(model, opens);
}
