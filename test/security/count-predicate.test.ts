/**
 * Finding 1 of a security review: weights are the server's input, so it decides what opened counts say. Here the first layer's query
 * and key look for one word, and the count tells whether a text has it; the public part is that of the honest model. The
 * first test shows it and holds on 6373bb7 too; a model with a schedule, which the second one needs, does not exist there.
 */
import { describe, expect, it } from 'vitest';
import { CleartextBackend } from '../../inference/backends/cleartext/cleartext-backend.js';
import { embed } from '../../inference/engine/embedding.js';
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import { openEngine } from '../../inference/run/engine.js';
import type { Artifact, QuantizedLinear } from '../../model/artifact/artifact.js';
import { createTokenizer } from '../../model/tokenizer/tokenizer.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';

/** Of the word, in the first layer. */
const LOGIT = 5;
/** And the first threshold, which is the server's too. */
const PRUNE = 0.3;
const MODEL = { config: { hiddenSize: 64 } } as const;
const WITH = ['a bad movie a movie', 'movie a a bad a', 'good movie bad a a', 'bad a movie a good'];
const WITHOUT = ['a good movie a movie', 'movie a a good a', 'good movie good a a', 'good a movie a good'];

/** Query: the same for every row. Key: large along what tells the word from others. Everything else is the honest model's. */
function lookingFor(word: string, { public: model, private: secret }: Artifact): Artifact {
  const { hiddenSize: hidden } = model.config;
  const tokenizer = createTokenizer(model.tokenizerFiles, model.config);
  const rowOf = (text: string) => {
    const { ids, tokenTypes } = tokenizer.encode(text, null, 12);
    return embed(model, { ids: [...ids], tokenTypes: [...tokenTypes] });
  };
  const at = (rows: Float64Array, row: number) => rows.subarray(row * hidden, (row + 1) * hidden);
  const direction = new Float64Array(hidden);
  const found: Float64Array[] = [];
  for (let place = 1; place <= 5; place++) {
    const text = (filled: string) => [...'a'.repeat(place - 1), filled].join(' ');
    const [own, others] = [rowOf(text(word)), ['a', 'good', 'movie'].map((other) => rowOf(text(other)))];
    found.push(at(own, place));
    at(own, place).forEach((value, i) => {
      direction[i]! += value - others.reduce((sum, rows) => sum + at(rows, place)[i]!, 0) / others.length;
    });
  }
  const largest = Math.max(...direction.map(Math.abs));
  const matrix = (entryAt: (input: number) => number, from: QuantizedLinear): QuantizedLinear['matrix'] => ({
    ...from.matrix,
    values: from.matrix.values.map((_, i) => entryAt(Math.floor(i / hidden))),
  });
  const integers = direction.map((value) => Math.round((127 * value) / largest));
  // So that the word's logit is about LOGIT in either head.
  const unit = 2 ** -secret.layers[0]!.key.matrix.fractionBits;
  const product = (row: Float64Array) => row.reduce((sum, value, i) => sum + value * integers[i]! * unit, 0);
  const mean = found.reduce((sum, row) => sum + product(row), 0) / found.length;
  const query = LOGIT / (mean * (hidden / model.config.heads));
  const first = secret.layers[0]!;
  const layer = {
    ...first,
    thresholds: { prune: PRUNE, reduce: 1 },
    query: { matrix: matrix(() => 0, first.query), bias: new Float64Array(hidden).fill(query) },
    key: {
      matrix: matrix((input) => integers[input]!, first.key),
      bias: new Float64Array(hidden),
    },
  };
  return { public: model, private: { ...secret, layers: [layer, ...secret.layers.slice(1)] } };
}

/** What both parties see of a text: the numbers of rows in every layer. */
async function seen(artifact: Artifact, text: string): Promise<string> {
  const tokenizer = createTokenizer(artifact.public.tokenizerFiles, artifact.public.config);
  const party = await openEngine(new CleartextBackend(), artifact, FINEST_LOGITS);
  const { layers } = await party.classify(tokenizer.encode(text, null, 12), 8);
  return layers.map(({ kept, important }) => `${kept}/${important}`).join(' ');
}

describe('what the numbers of rows say of a text', () => {
  it('is up to the server where counts are opened: here, whether a word occurs', async () => {
    const artifact = lookingFor('bad', tinyArtifact(MODEL));
    const kept = async (text: string) => Number((await seen(artifact, text)).split('/')[0]);
    const [those, others] = [await Promise.all(WITH.map(kept)), await Promise.all(WITHOUT.map(kept))];
    expect(those).toEqual([2, 2, 2, 2]);
    expect(others).toEqual([5, 5, 5, 5]);
  });

  it('is nothing where a schedule says them: all texts of a padded length show the same', async () => {
    const artifact = lookingFor('bad', tinyArtifact({ ...MODEL, scheduled: true }));
    const all = await Promise.all([...WITH, ...WITHOUT, 'a'].map((text) => seen(artifact, text)));
    expect(new Set(all).size).toBe(1);
  });
});
