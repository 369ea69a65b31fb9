/** What two parties settle from what both said first (hello.ts): how correlated OTs are made, what the client is told, the suite, who multiplies. */
import { sha256 } from '@noble/hashes/sha2.js';
import {
  type AnswerKind,
  type AnswerTerms,
  includesAnswer,
  LEAST_ANSWER_BITS,
  MOST_ANSWER_BITS,
} from '../core/answer.js';
import { concatBytes } from '../core/bytes.js';
import type { CotKind } from '../core/cot-kind.js';
import { ProtocolError } from '../core/errors.js';
import type { LineSpeed } from '../core/line-speed.js';
import { areMutual } from '../core/mutual.js';
import type { Suite } from '../core/suite.js';
import type { Hello, Role } from './hello.js';
import { byteOfLine } from './line-choice.js';

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

export const bindingOf = (ofServer: Uint8Array, ofClient: Uint8Array, line: LineSpeed): Uint8Array =>
  sha256(concatBytes(ofServer, ofClient, Uint8Array.of(byteOfLine(line))));

/** @throws ProtocolError unless both sides' digests of what they must share are the same */
export function checkProtocol(self: Role, own: string, peers: string): void {
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

/** The same at both parties. @throws ProtocolError where they cannot agree */
export const agreedBy = (server: Hello, client: Hello): Omit<Agreement, 'line' | 'binding'> => ({
  cots: agreedCots(client.cots, server.cots),
  aheadMegabytes: server.aheadMegabytes,
  answer: agreedAnswer(client.answer, serversAnswer(server)),
  checks: server.checks || client.checks,
  suite: agreedSuite(server.suites, client.suites),
  mutual: areMutual(server.multiplyingThreads, client.multiplyingThreads),
});
