/**
 * Agreement before anything secret moves: version, roles, protocol options, how correlated OTs are made, how fast the line is, and the model's
 * public part, which the server sends to a client that does not have it yet.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes } from '../core/bytes.js';
import {
  type AnswerKind,
  type AnswerTerms,
  DEFAULT_ANSWER,
  includesAnswer,
  LEAST_ANSWER_BITS,
  MOST_ANSWER_BITS,
} from '../core/answer.js';
import { COT_KINDS, type CotKind, DEFAULT_COTS } from '../core/cot-kind.js';
import { DEFAULT_LINE_WISH, type LineSpeed, type LineWish } from '../core/line-speed.js';
import { areMutual, multiplyingThreads } from '../core/mutual.js';
import { acceptedSuites, type Suite } from '../core/suite.js';
import { PeerClosedError, PeerTimeoutError, ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';
import { encodeHello, type Hello, PROTOCOL_VERSION, receiveHello } from './hello.js';
import { answerPings, byteOfLine, chooseLine, lineOfByte } from './line-choice.js';
import { receiveBegin, sendBegin, sendRefused, sendWait, type Wait } from './notice.js';
import { RefusedError, refusalOf, sendRefusal } from './refusal.js';

/** Longest public part that a client takes; the embedding of a large model has about 63 MB. */
export const MAX_PUBLIC_BYTES = 2 ** 28;
const PIECE_BYTES = 2 ** 20;
const HAVE_IT = 1;
const SEND_IT = 2;

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

const CONNECTION_BYTES = 6;
const NO_CONNECTION = '0'.repeat(2 * CONNECTION_BYTES);

/** What both parties know of their connection after the handshake. */
export interface Agreement {
  readonly cots: CotKind;
  readonly aheadMegabytes: number;
  /** What the client is told of each text. */
  readonly answer: AnswerTerms;
  /** Both show that they keep to the OT extension's protocol. */
  readonly checks: boolean;
  readonly suite: Suite;
  /** Both multiply shared matrices. */
  readonly mutual: boolean;
  /** By which ciphertexts are laid out. */
  readonly line: LineSpeed;
  /** A digest of what either party said [32]: whoever altered it on the way made these differ. */
  readonly binding: Uint8Array;
}

const bindingOf = (ofServer: Uint8Array, ofClient: Uint8Array, line: LineSpeed): Uint8Array =>
  sha256(concatBytes(ofServer, ofClient, Uint8Array.of(byteOfLine(line))));

/** `Part` is what the public part is read into. */
export interface ClientTerms<Part extends { readonly digest: string }> {
  readonly protocolDigest: string;
  /** The only model that this client accepts; null: the server's choice. */
  readonly modelDigest: string | null;
  /** The one of this name, where a server has several; null: the server's choice. */
  readonly modelName?: string | null | undefined;
  /** How correlated OTs are to be made; SoftSpoken unless given. */
  readonly cots?: CotKind | undefined;
  /** No server without the checks of the OT extension. */
  readonly checks?: boolean | undefined;
  /** As in ServerTerms. */
  readonly suites?: readonly Suite[] | undefined;
  /** With which this client multiplies what the server encrypted; those of native kernels unless given. 0: the server does it alone. */
  readonly multiplyingThreads?: number | undefined;
  /** How fast the line is, unless the server says; measured unless given. */
  readonly line?: LineWish | undefined;
  /** What this client wants to be told, at most what the server gives; all of that unless given. */
  readonly answer?: AnswerKind | undefined;
  /** Told where this client stands as long as it waits to be served. */
  onWait?(wait: Wait): void;
  /** Told the server's model before anything else of it is used; throws to refuse it. */
  accept?(modelDigest: string): Promise<unknown>;
  /** A public part that this client holds already (its own artifact, a cache), or null. */
  lookUp(modelDigest: string): Promise<Part | null>;
  /** Reads and checks received bytes, which may be anything. */
  parse(bytes: Uint8Array): Part;
}

function checkProtocol(self: 'server' | 'client', own: string, peers: string): void {
  if (own === peers) return;
  throw new ProtocolError(
    `handshake: ${self} expected protocol options ${own.slice(0, 16)}, got ${peers.slice(0, 16)}; install the same version on both sides`,
  );
}

/** The kind that the client wants, if the server allows it; both parties check. */
function agreedCots(wanted: readonly CotKind[], allowed: readonly CotKind[]): CotKind {
  const [kind] = wanted;
  if (wanted.length === 1 && kind !== undefined && allowed.includes(kind)) return kind;
  throw new ProtocolError(
    `handshake: the client wants correlated OTs by ${wanted.join(' or ') || 'an unknown way'}, the server allows ${allowed.join(' and ') || 'none that is known here'}`,
  );
}

/** ChaCha where either end would rather have it: what it costs the other one is far less than AES without instructions. */
function agreedSuite(ofServer: readonly Suite[], ofClient: readonly Suite[]): Suite {
  const common = ofServer.filter((suite) => ofClient.includes(suite));
  const wished = common.find((suite) => suite === 'chacha' && [ofServer[0], ofClient[0]].includes(suite));
  const agreed = wished ?? common[0];
  if (agreed !== undefined) return agreed;
  throw new ProtocolError(
    `handshake: the client takes the suites ${namesOf(ofClient)}, the server ${namesOf(ofServer)} (--suite)`,
  );
}

const namesOf = (suites: readonly Suite[]): string => suites.join(' and ') || 'of another version only';

/** What the client wants, if the server gives as much; both parties check. */
function agreedAnswer(wanted: AnswerKind | null, given: AnswerTerms): AnswerTerms {
  if (wanted === null) return given;
  if (includesAnswer(given.kind, wanted)) return { kind: wanted, bits: given.bits };
  throw new ProtocolError(
    `handshake: the client wants the answer "${wanted}", the server gives at most "${given.kind}" (serve --answers)`,
  );
}

function serversAnswer({ answer: kind, answerBits: bits }: Hello): AnswerTerms {
  if (kind !== null && bits >= LEAST_ANSWER_BITS && bits <= MOST_ANSWER_BITS) return { kind, bits };
  throw new ProtocolError(
    `handshake: expected an answer of ${LEAST_ANSWER_BITS} to ${MOST_ANSWER_BITS} bits from the server, got ${kind ?? 'an unknown one'} of ${bits}`,
  );
}

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
  const { protocolDigest, modelDigest, publicPart, cots = COT_KINDS, aheadMegabytes = 0 } = terms;
  checkProtocol('server', protocolDigest, hello.protocolDigest);
  if (hello.modelDigest && hello.modelDigest !== modelDigest) {
    throw new ProtocolError(
      `handshake: the client wants the model ${hello.modelDigest}, this server has ${modelDigest}`,
    );
  }
  const agreed = {
    cots: agreedCots(hello.cots, cots),
    aheadMegabytes,
    answer: agreedAnswer(hello.answer, terms.answer ?? DEFAULT_ANSWER),
    checks: hello.checks || own.checks,
    suite: agreedSuite(own.suites, hello.suites),
    mutual: areMutual(own.multiplyingThreads, hello.multiplyingThreads),
  };
  const answer = await answerPings(channel);
  const line = lineOfByte((await channel.receive(1))[0]!, own.line);
  const agreement: Agreement = { ...agreed, line, binding: bindingOf(said, hello.bytes, line) };
  if (answer === SEND_IT) channel.send(publicPart);
  else if (answer !== HAVE_IT) throw new ProtocolError(`handshake: unknown answer ${answer} of the client`);
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

async function receivePublicPart(channel: Channel, publicBytes: number): Promise<Uint8Array> {
  if (publicBytes === 0 || publicBytes > MAX_PUBLIC_BYTES) {
    throw new ProtocolError(
      `handshake: expected a public part of 1 to ${MAX_PUBLIC_BYTES} bytes, the server announces ${publicBytes}`,
    );
  }
  // In pieces, so that a server that only announces much does not make us allocate it.
  const pieces: Uint8Array[] = [];
  for (let rest = publicBytes; rest > 0; rest -= pieces.at(-1)!.length)
    pieces.push(await channel.receive(Math.min(rest, PIECE_BYTES)));
  return concatBytes(...pieces);
}

function parsePublicPart<Part extends { readonly digest: string }>(
  bytes: Uint8Array,
  announced: string,
  parse: (bytes: Uint8Array) => Part,
): Part {
  let part: Part;
  try {
    part = parse(bytes);
  } catch (error) {
    throw new ProtocolError(`handshake: the server's public part is damaged: ${(error as Error).message}`);
  }
  if (part.digest === announced) return part;
  throw new ProtocolError(
    `handshake: the public part has the digest ${part.digest}, expected ${announced} as the server announced`,
  );
}

/** What the client knows after the handshake. */
export interface AgreedModel<Part> extends Agreement {
  readonly part: Part;
  /** The bytes if the server sent them: worth keeping. */
  readonly sent: Uint8Array | null;
  /** What the server calls this connection, in its log. */
  readonly connection: string;
  /** Of the model; null where the server has but one. */
  readonly modelName: string | null;
}

/** The client's side. */
export async function clientHandshake<Part extends { readonly digest: string }>(
  channel: Channel,
  terms: ClientTerms<Part>,
): Promise<AgreedModel<Part>> {
  const { protocolDigest, modelDigest: wanted, cots = DEFAULT_COTS } = terms;
  const own: Hello = {
    version: PROTOCOL_VERSION,
    role: 'client',
    cots: [cots],
    aheadMegabytes: 0,
    protocolDigest,
    modelDigest: wanted,
    publicBytes: 0,
    answer: terms.answer ?? null,
    answerBits: 0,
    modelName: terms.modelName ?? null,
    checks: terms.checks ?? false,
    suites: terms.suites ?? acceptedSuites(),
    multiplyingThreads: terms.multiplyingThreads ?? multiplyingThreads(),
    line: terms.line ?? DEFAULT_LINE_WISH,
  };
  const said = encodeHello(own);
  const since = performance.now();
  channel.send(said);
  const hello = await receiveHello(channel, 'client');
  const waited = performance.now() - since;
  checkProtocol('client', protocolDigest, hello.protocolDigest);
  if (!hello.modelDigest) throw new ProtocolError('handshake: the server names no model');
  if (wanted && wanted !== hello.modelDigest) {
    throw new ProtocolError(`handshake: expected the model ${wanted}, the server has ${hello.modelDigest}`);
  }
  const { aheadMegabytes } = hello;
  const agreed = {
    cots: agreedCots([cots], hello.cots),
    aheadMegabytes,
    answer: agreedAnswer(own.answer, serversAnswer(hello)),
    checks: hello.checks || own.checks,
    suite: agreedSuite(hello.suites, own.suites),
    mutual: areMutual(hello.multiplyingThreads, own.multiplyingThreads),
  };
  await terms.accept?.(hello.modelDigest);
  const known = await terms.lookUp(hello.modelDigest);
  const line = await chooseLine(channel, hello.line, own.line, waited);
  const agreement: Agreement = { ...agreed, line, binding: bindingOf(hello.bytes, said, line) };
  channel.send(Uint8Array.of(known ? HAVE_IT : SEND_IT, byteOfLine(line)));
  const sent = known ? null : await receivePublicPart(channel, hello.publicBytes);
  const part = sent ? parsePublicPart(sent, hello.modelDigest, terms.parse) : known!;
  await receiveBegin(channel, (wait) => terms.onWait?.(wait));
  const connection = bytesToHex(await channel.receive(CONNECTION_BYTES));
  return { ...agreement, part, sent, connection, modelName: hello.modelName };
}
