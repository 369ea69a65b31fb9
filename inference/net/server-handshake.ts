/**
 * The server's side of the agreement before anything secret moves: version, roles, protocol options, how correlated OTs are made, how fast the line is,
 * and the model's public part, which it sends to a client that does not have it yet.
 */
import { type AnswerTerms, DEFAULT_ANSWER } from '../core/answer.js';
import { hexToBytes } from '../core/bytes.js';
import { COT_KINDS, type CotKind } from '../core/cot-kind.js';
import { PeerClosedError, PeerTimeoutError, ProtocolError } from '../core/errors.js';
import { DEFAULT_LINE_WISH, type LineWish } from '../core/line-speed.js';
import { multiplyingThreads } from '../core/mutual.js';
import { acceptedSuites, type Suite } from '../core/suite.js';
import { type Agreement, agreedBy, bindingOf, checkProtocol } from './agreement.js';
import type { Channel } from './channel.js';
import {
  CONNECTION_BYTES,
  encodeHello,
  type Hello,
  PROTOCOL_VERSION,
  receiveHello,
  WANTS_PART,
} from './hello.js';
import { answerPings, lineOfByte } from './line-choice.js';
import { sendBegin, sendRefused, sendWait, type Wait } from './notice.js';
import { RefusedError, refusalOf, sendRefusal } from './refusal.js';

/** Digests are hexadecimal. */
export interface ServerTerms {
  readonly protocolDigest: string;
  readonly modelDigest: string;
  /** The public part as it goes to clients. */
  readonly publicPart: Uint8Array;
  /** Ways to make correlated OTs that clients may choose from; all unless given. */
  readonly cots?: readonly CotKind[];
  /** What a client may have made ahead, megabytes (10^6); nothing unless given. */
  readonly aheadMegabytes?: number;
  /** The most that clients are told; rounded probabilities unless given. */
  readonly answer?: AnswerTerms;
  /** By which clients choose it among others on the same port. */
  readonly name?: string;
  /** No client without the checks of the OT extension. */
  readonly checks?: boolean;
  /** Symmetric cryptography that it takes, the preferred one first; all, as this machine is fast with them, unless given. */
  readonly suites?: readonly Suite[];
  /** With which it multiplies what clients encrypted; those of the kernels unless given. */
  readonly multiplyingThreads?: number;
  /** What it insists on; the client's choice unless given. */
  readonly line?: LineWish;
}

/** Which model a client asks for: by name, by digest, or neither. */
export type WantedModel = Pick<Hello, 'modelName' | 'modelDigest'>;

/** @throws RefusedError where there is no such model */
export type ChooseTerms = (wanted: WantedModel) => ServerTerms;

export interface Admitting {
  /** Throws to turn the client away: the reason is sent. `wait` tells it that it waits, where that takes its time. */
  readonly admit?: (agreement: Agreement, wait: (wait: Wait) => void) => void | Promise<void>;
  /** What both sides call this connection, hexadecimal. */
  readonly connection?: string;
}

const NO_CONNECTION = '0'.repeat(2 * CONNECTION_BYTES);

const helloOf = (terms: ServerTerms): Hello => {
  const { answer: { kind, bits } = DEFAULT_ANSWER } = terms;
  return {
    version: PROTOCOL_VERSION,
    role: 'server',
    cots: terms.cots ?? COT_KINDS,
    aheadMegabytes: terms.aheadMegabytes ?? 0,
    protocolDigest: terms.protocolDigest,
    modelDigest: terms.modelDigest,
    publicBytes: terms.publicPart.length,
    answer: kind,
    answerBits: bits,
    modelName: terms.name ?? null,
    checks: terms.checks ?? false,
    suites: terms.suites ?? acceptedSuites(),
    multiplyingThreads: terms.multiplyingThreads ?? multiplyingThreads(),
    line: terms.line ?? DEFAULT_LINE_WISH,
  };
};

/** What the client wants, and the model that it gets; whoever speaks something else hears what is spoken here. */
async function meet(channel: Channel, choose: ChooseTerms) {
  try {
    const hello = await receiveHello(channel, 'server');
    const terms = choose(hello);
    const own = helloOf(terms);
    const said = encodeHello(own);
    channel.send(said);
    return { hello, terms, own, said };
  } catch (error) {
    if (!(error instanceof PeerClosedError || error instanceof PeerTimeoutError)) {
      if (error instanceof RefusedError) sendRefusal(channel, refusalOf(error));
      else channel.send(encodeHello(helloOf(choose({ modelName: null, modelDigest: null }))));
      channel.flush?.();
    }
    throw error;
  }
}

/** The server's side; returns when the client has the public part and is admitted. */
export async function serverHandshake(
  channel: Channel,
  given: ServerTerms | ChooseTerms,
  { admit = () => undefined, connection = NO_CONNECTION }: Admitting = {},
): Promise<Agreement> {
  const { hello, terms, said, own } = await meet(channel, typeof given === 'function' ? given : () => given);
  const { protocolDigest, modelDigest, publicPart } = terms;
  checkProtocol('server', protocolDigest, hello.protocolDigest);
  if (hello.modelDigest && hello.modelDigest !== modelDigest) {
    throw new ProtocolError(
      `handshake: the client wants the model ${hello.modelDigest}, this server has ${modelDigest}`,
    );
  }
  const agreed = agreedBy(own, hello);
  const answer = await answerPings(channel);
  const line = lineOfByte((await channel.receive(1))[0]!, own.line);
  const agreement: Agreement = { ...agreed, line, binding: bindingOf(said, hello.bytes, line) };
  if (answer === WANTS_PART.yes) channel.send(publicPart);
  else if (answer !== WANTS_PART.no)
    throw new ProtocolError(`handshake: unknown answer ${answer} of the client`);
  try {
    await admit(agreement, (wait) => sendWait(channel, wait));
  } catch (error) {
    sendRefused(channel, refusalOf(error as Error));
    channel.flush?.();
    throw error;
  }
  sendBegin(channel);
  channel.send(hexToBytes(connection));
  return agreement;
}
