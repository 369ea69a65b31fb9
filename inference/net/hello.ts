/**
 * The first message of either party. The magic and the version never move, so that parties of different versions
 * can still tell each other apart:
 *
 *   magic [8] | version [4] | role [1] | kinds of COT [1] | megabytes ahead [2] | protocol digest [32] | model digest [32] |
 *   public part bytes [4] | answer [1] | answer bits [1] | model name [32] |
 *   checks [1] | suites [1] | multiplying threads [1] | line [1]
 *
 * Integers are little-endian. The answer is that of the server, or the one that the client wants, counted from 1 (0: as the server
 * has it); its bits are the server's. Kinds are bits: those that the server allows, the one that the client wants. The client's model
 * digest is all zeros when it takes whatever the server has. The name is ASCII, filled up with zeros: the model that the client wants, of
 * several on one port, and the one that it gets; empty: the server's choice. Checks: 1 if this end wants them, else 0. Suites: the
 * low half of the byte has a bit for each that this end takes, the high half one for that which it would rather have.
 * Threads: those with which this end would multiply what the peer encrypted (core/mutual.ts); 0: it does not. Line: the speed that this
 * end wants (core/line-speed.ts), counted from 1; 0: any.
 */
import { closedBeforeGreeting } from './before-greeting.js';
import { bytesToHex, concatBytes, hexToBytes, sameBytes } from '../core/bytes.js';
import { ANSWER_KINDS, type AnswerKind } from '../core/answer.js';
import { COT_KINDS, type CotKind } from '../core/cot-kind.js';
import { LINE_WISHES, type LineWish } from '../core/line-speed.js';
import { byteOfSuites, type Suite, suitesOfByte } from '../core/suite.js';
import { ProtocolError } from '../core/errors.js';
import type { Channel } from './channel.js';
import { REFUSAL_MAGIC, receiveRefusal } from './refusal.js';
import { TOKEN_MAGIC } from './token.js';

export const PROTOCOL_VERSION = 9;
const MAGIC = new TextEncoder().encode('CPRUNE\r\n');
const PREFIX_BYTES = 12;
const BODY_BYTES = 110;
const NAME_BYTES = 32;
/** What the client says behind the hellos and pings (line-choice.ts): does it want the model's public part? */
export const WANTS_PART = { no: 1, yes: 2 } as const;
/** Of what both sides call a connection, which the server says last. */
export const CONNECTION_BYTES = 6;
/** Names of models on one port. */
export const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
const ROLES = ['server', 'client'] as const;

export type Role = (typeof ROLES)[number];

export interface Hello {
  readonly version: number;
  readonly role: Role;
  /** Ways to make correlated OTs: all that the server allows, the one that the client wants. */
  readonly cots: readonly CotKind[];
  /** What the server keeps made ahead for this client, in megabytes (10^6), at most 65,535; 0 from the client. */
  readonly aheadMegabytes: number;
  /** SHA-256 of the options that both parties must share, in hexadecimal; see run/protocol-digest.ts. */
  readonly protocolDigest: string;
  /** Digest of the model's public part, in hexadecimal; null: any. */
  readonly modelDigest: string | null;
  /** The server's public part; 0 from the client. */
  readonly publicBytes: number;
  /** What the server gives; what the client wants, or null for that. */
  readonly answer: AnswerKind | null;
  /** Fraction bits; 0 from the client. */
  readonly answerBits: number;
  /** Of the model; null: the server's choice, or its only one. */
  readonly modelName: string | null;
  /** Does this end want the checks of the OT extension? If either does, both make them. */
  readonly checks: boolean;
  /** Symmetric cryptography that this end takes; what it would rather have comes first. */
  readonly suites: readonly Suite[];
  /** With which this end multiplies what the peer encrypted, 0 to 255. */
  readonly multiplyingThreads: number;
  /** How fast this end wants the line to be taken to be. */
  readonly line: LineWish;
}

function bytesOfDigest(hex: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new RangeError(`digest: expected 64 hexadecimal digits, got ${hex}`);
  return hexToBytes(hex);
}

function bytesOfName(name: string): Uint8Array {
  if (MODEL_NAME.test(name)) return new TextEncoder().encode(name);
  throw new RangeError(`model: expected a name of letters, digits, dots, - and _, at most 32, got ${name}`);
}

const bitsOfKinds = (kinds: readonly CotKind[]): number =>
  kinds.reduce((bits, kind) => bits | (1 << COT_KINDS.indexOf(kind)), 0);

/** Bits without a name, of a later version, are passed over. */
const kindsOfBits = (bits: number): CotKind[] => COT_KINDS.filter((_, index) => (bits >> index) & 1);

export function encodeHello(hello: Hello): Uint8Array {
  const bytes = new Uint8Array(PREFIX_BYTES + BODY_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(8, hello.version, true);
  bytes[12] = ROLES.indexOf(hello.role);
  bytes[13] = bitsOfKinds(hello.cots);
  view.setUint16(14, hello.aheadMegabytes, true);
  bytes.set(bytesOfDigest(hello.protocolDigest), 16);
  if (hello.modelDigest) bytes.set(bytesOfDigest(hello.modelDigest), 48);
  view.setUint32(80, hello.publicBytes, true);
  bytes[84] = hello.answer === null ? 0 : 1 + ANSWER_KINDS.indexOf(hello.answer);
  bytes[85] = hello.answerBits;
  if (hello.modelName !== null) bytes.set(bytesOfName(hello.modelName), 86);
  bytes[118] = hello.checks ? 1 : 0;
  bytes[119] = byteOfSuites(hello.suites);
  bytes[120] = hello.multiplyingThreads;
  bytes[121] = LINE_WISHES.indexOf(hello.line);
  return bytes;
}

/** @throws ProtocolError */
function nameOf(bytes: Uint8Array): string | null {
  const end = bytes.indexOf(0);
  const name = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  if (name === '') return null;
  if (!MODEL_NAME.test(name)) throw new ProtocolError(`handshake: expected the name of a model, got ${name}`);
  return name;
}

/** @throws ProtocolError */
function checksOf(byte: number): boolean {
  if (byte > 1) throw new ProtocolError(`handshake: expected checks to be 0 or 1, got ${byte}`);
  return byte === 1;
}

/** @throws ProtocolError */
function lineOf(byte: number): LineWish {
  const line = LINE_WISHES[byte];
  if (line === undefined)
    throw new ProtocolError(`handshake: expected a line of 0 to ${LINE_WISHES.length - 1}, got ${byte}`);
  return line;
}

/** As it came, byte for byte. */
export interface ReceivedHello extends Hello {
  readonly bytes: Uint8Array;
}

/** Reads and checks the peer's hello; `self` is this party's role. */
export async function receiveHello(channel: Channel, self: Role): Promise<ReceivedHello> {
  const peer = self === 'server' ? 'the client' : 'the server';
  const receiving = channel.receive(PREFIX_BYTES);
  const prefix = await (self === 'client' ? receiving.catch(closedBeforeGreeting) : receiving);
  const magic = prefix.subarray(0, 8);
  if (self === 'client' && sameBytes(magic, REFUSAL_MAGIC)) await receiveRefusal(channel, prefix.slice(8));
  if (self === 'server' && sameBytes(magic, TOKEN_MAGIC))
    throw new ProtocolError(
      'handshake: the client shows a token, this server asks for none (serve --tokens)',
    );
  if (!sameBytes(magic, MAGIC)) {
    throw new ProtocolError(`handshake: ${peer} does not speak CipherPrune (is this the right port?)`);
  }
  const version = new DataView(prefix.buffer).getUint32(8, true);
  if (version !== PROTOCOL_VERSION) {
    throw new ProtocolError(
      `handshake: ${peer} speaks protocol version ${version}, expected ${PROTOCOL_VERSION}; install the same version on both sides`,
    );
  }
  const body = await channel.receive(BODY_BYTES);
  const role = ROLES[body[0]!];
  if (!role || role === self) {
    throw new ProtocolError(
      `handshake: expected ${peer}, got ${role ? `another ${role}` : 'an unknown role'}`,
    );
  }
  const modelDigest = body.subarray(36, 68);
  const view = new DataView(body.buffer, body.byteOffset);
  return {
    bytes: concatBytes(prefix, body),
    version,
    role,
    cots: kindsOfBits(body[1]!),
    aheadMegabytes: view.getUint16(2, true),
    protocolDigest: bytesToHex(body.subarray(4, 36)),
    modelDigest: modelDigest.some((byte) => byte !== 0) ? bytesToHex(modelDigest) : null,
    publicBytes: view.getUint32(68, true),
    answer: ANSWER_KINDS[body[72]! - 1] ?? null,
    answerBits: body[73]!,
    modelName: nameOf(body.subarray(74, 74 + NAME_BYTES)),
    checks: checksOf(body[106]!),
    suites: suitesOfByte(body[107]!),
    multiplyingThreads: body[108]!,
    line: lineOf(body[109]!),
  };
}
