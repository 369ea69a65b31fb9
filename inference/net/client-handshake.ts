/** The client's side of the agreement before anything secret moves (server-handshake.ts). */
import type { AnswerKind } from '../core/answer.js';
import { bytesToHex, concatBytes } from '../core/bytes.js';
import { type CotKind, DEFAULT_COTS } from '../core/cot-kind.js';
import { ProtocolError } from '../core/errors.js';
import { DEFAULT_LINE_WISH, type LineWish } from '../core/line-speed.js';
import { multiplyingThreads } from '../core/mutual.js';
import { acceptedSuites, type Suite } from '../core/suite.js';
import { MAX_PUBLIC_BYTES } from '../../model/artifact/public-bytes.js';
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
import { byteOfLine, chooseLine } from './line-choice.js';
import { receiveBegin, type Wait } from './notice.js';

const PIECE_BYTES = 2 ** 20;

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
  const agreed = agreedBy(hello, own);
  await terms.accept?.(hello.modelDigest);
  const known = await terms.lookUp(hello.modelDigest);
  const line = await chooseLine(channel, hello.line, own.line, waited);
  const agreement: Agreement = { ...agreed, line, binding: bindingOf(hello.bytes, said, line) };
  channel.send(Uint8Array.of(known ? WANTS_PART.no : WANTS_PART.yes, byteOfLine(line)));
  const sent = known ? null : await receivePublicPart(channel, hello.publicBytes);
  const part = sent ? parsePublicPart(sent, hello.modelDigest, terms.parse) : known!;
  await receiveBegin(channel, (wait) => terms.onWait?.(wait));
  const connection = bytesToHex(await channel.receive(CONNECTION_BYTES));
  return { ...agreement, part, sent, connection, modelName: hello.modelName };
}
