/**
 * Whole connections, from the set-up to the answer, as the peer sees them: what the client sends must not tell its text from
 * another of the same padded length, and what the server sends must not tell its weights from others that give the same
 * answer. Real protocols: base OTs, SoftSpoken, homomorphic products, shuffles.
 */
import { describe, expect, it } from 'vitest';
import { Client } from '../../inference/client/client.js';
import type { AnswerTerms } from '../../inference/core/answer.js';
import type { Channel } from '../../inference/net/channel.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { CleartextClassifier } from '../../inference/run/cleartext-classifier.js';
import { openEngineParty } from '../../inference/run/engine-party.js';
import { protocolDigest } from '../../inference/run/protocol-digest.js';
import { serveConnection } from '../../inference/server/serve-connection.js';
import { servedModel } from '../../inference/server/served-model.js';
import type { Artifact } from '../../model/artifact/artifact.js';
import { parsePublicPart } from '../../model/artifact/artifact-file.js';
import { encodePublicPart } from '../../model/artifact/public-part.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { type Difference, differenceOf } from './transcripts.js';

const RUNS = 16;
const LABEL: AnswerTerms = { kind: 'label', bits: 6 };
/** Of some 7,000 normalised statistics, chance reaches 6 once in thousands of test runs; a known bit a message exceeds it by far. */
const CHANCE = 7;

const artifact = tinyArtifact({ scheduled: true });
const part = encodePublicPart(artifact.public);

const recording = (channel: Channel, sent: Uint8Array[]): Channel => ({
  ...channel,
  send(bytes) {
    sent.push(bytes.slice());
    channel.send(bytes);
  },
  receive: (byteLength) => channel.receive(byteLength),
  close: () => channel.close(),
});

interface Transcript {
  readonly fromClient: Uint8Array;
  readonly fromServer: Uint8Array;
  readonly label: number;
}

async function transcriptOf(text: string, secret: Artifact['private']): Promise<Transcript> {
  const channels = memoryChannelPair();
  const sent: { server: Uint8Array[]; client: Uint8Array[] } = { server: [], client: [] };
  const served = serveConnection(recording(channels[0], sent.server), {
    model: servedModel({ public: artifact.public, private: secret }, { answer: LABEL }, part),
    open: openEngineParty,
    onText: () => undefined,
  });
  const client = await Client.open(recording(channels[1], sent.client), {
    terms: {
      protocolDigest: protocolDigest(),
      modelDigest: part.digest,
      lookUp: async () => part,
      parse: parsePublicPart,
      line: 'fast', // measuring it would take pings, the more the busier this machine is
    },
    open: openEngineParty,
    opens: 'nothing',
  });
  const { label } = await client.classify(text);
  await client.close();
  await served;
  return {
    fromClient: Buffer.concat(sent.client),
    fromServer: Buffer.concat(sent.server),
    label,
  };
}

/** RUNS transcripts of either kind, taken in turn. */
async function compared(
  run: (kind: 0 | 1) => Promise<Transcript>,
  view: (transcript: Transcript) => Uint8Array,
): Promise<Difference> {
  const kinds: [Uint8Array[], Uint8Array[]] = [[], []];
  const labels = new Set<number>();
  for (let i = 0; i < RUNS; i++)
    for (const kind of [0, 1] as const) {
      const transcript = await run(kind);
      labels.add(transcript.label);
      kinds[kind].push(view(transcript));
    }
  expect(labels.size).toBe(1);
  return differenceOf(kinds);
}

const labelOf = async (secret: Artifact['private'], text: string): Promise<number> =>
  (
    await (
      await CleartextClassifier.of({
        artifact: { public: artifact.public, private: secret },
        publicPart: part,
      })
    ).classify(text)
  ).label;

describe('transcripts', () => {
  it("of two texts of one padded length look alike in the server's view", async () => {
    const texts = ['a good movie .', 'bad'] as const;
    const { blocks, bits } = await compared(
      (kind) => transcriptOf(texts[kind], artifact.private),
      ({ fromClient }) => fromClient,
    );
    expect(blocks).toBeLessThan(CHANCE);
    expect(bits).toBeLessThan(CHANCE);
  }, 400_000);

  it("of two sets of weights with one answer look alike in the client's view", async () => {
    const text = 'a good movie .';
    const own = await labelOf(artifact.private, text);
    let other = tinyArtifact({ seed: 2 }).private;
    for (let seed = 3; (await labelOf(other, text)) !== own; seed++) other = tinyArtifact({ seed }).private;
    const secrets = [artifact.private, other] as const;
    const { blocks, bits } = await compared(
      (kind) => transcriptOf(text, secrets[kind]),
      ({ fromServer }) => fromServer,
    );
    expect(blocks).toBeLessThan(CHANCE);
    expect(bits).toBeLessThan(CHANCE);
  }, 400_000);

  it('would show one bit in a thousand bytes that depends on the secret', () => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    };
    const stream = (kind: number) => {
      const bytes = Uint8Array.from({ length: 32_768 }, random);
      for (let at = 0; at < bytes.length; at += 13 * 77) bytes[at] = (bytes[at]! & 0xfe) | kind;
      return bytes;
    };
    const of = (first: number, second: number) =>
      differenceOf([
        Array.from({ length: RUNS }, () => stream(first)),
        Array.from({ length: RUNS }, () => stream(second)),
      ]);
    expect(of(0, 1).bits).toBeGreaterThan(CHANCE);
    expect(of(0, 0).bits).toBeLessThan(CHANCE);
    expect(of(0, 0).blocks).toBeLessThan(CHANCE);
  });
});
