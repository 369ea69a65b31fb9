import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { splitmix32 } from '../../../util/splitmix32.js';
import { CleartextBackend } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { openTwoParty } from '../../../inference/backends/two-party/open-two-party.js';
import { FINEST_LOGITS } from '../../../inference/core/answer.js';
import { classify } from '../../../inference/engine/classify.js';
import { prepareModel } from '../../../inference/engine/prepare.js';
import { withPrivateEmbedding } from '../../../inference/server/hide-word-table.js';
import type { Artifact } from '../../../model/artifact/artifact.js';
import { readCheckpoint } from '../../../model/checkpoint/checkpoint.js';
import {
  readCheckpointTensors,
  storeCheckpointTensors,
} from '../../../model/checkpoint/checkpoint-tensors.js';
import {
  parseHuggingFaceConfig,
  toHuggingFaceConfig,
} from '../../../model/checkpoint/hugging-face-config.js';
import { FAMILY_NAMES } from '../../../model/config.js';
import { argmax } from '../../../model/outputs.js';
import { namedTask } from '../../../model/task.js';
import { useBackend } from '../../../training/backend/setup.js';
import { predict } from '../../../training/evaluate/predict.js';
import { verify } from '../../../training/evaluate/verify.js';
import { exportArtifact } from '../../../training/export/export.js';
import type { EncodedExample } from '../../../training/loop/batches.js';
import { GilboaLinear } from '../../support/gilboa-linear.js';
import { type TestParty, testParties } from '../../support/two-parties.js';
import {
  type FamilyCase,
  familyCases,
  familyLogits,
  familyTensors,
  type Stored,
} from './family-checkpoints.js';
import { readFamily } from './read-family.js';

function examplesOf(family: FamilyCase, count: number): EncodedExample[] {
  const random = splitmix32(7);
  return Array.from({ length: count }, (_, index) => {
    const length = 4 + Math.floor(random() * 12);
    return {
      index,
      ids: Int32Array.from({ length }, () => Math.floor(random() * 40)),
      types: Int32Array.from({ length }, (_, i) => Number(family.tokenTypes > 1 && i > length / 2)),
      label: 0,
    };
  });
}

function checkpointOf(family: FamilyCase, stored: Stored) {
  const details = {
    task: namedTask('own'),
    maxTokens: 20,
    prunes: true,
    reduces: true,
    thresholds: [
      { prune: 0.7, reduce: 1.05 },
      { prune: 0.8, reduce: 1.1 },
      { prune: 0, reduce: 0 },
    ],
  };
  return { ...readFamily(family, stored), details };
}

/** What the client learns, and what leaves each layer. */
async function privately(artifact: Artifact, example: EncodedExample) {
  const input = { ids: [...example.ids], tokenTypes: [...example.types] };
  const { server, client } = testParties(1);
  const run = async (party: TestParty) => {
    const linear = new GilboaLinear(party);
    const { mpc } = openTwoParty({ session: party.session, cots: party.cots, linear });
    const isServer = party.session.self === 'server';
    const model = await prepareModel(mpc, artifact.public, isServer ? artifact.private : null);
    return classify(mpc, model, isServer ? null : input, 16, FINEST_LOGITS);
  };
  return (await Promise.all([run(server), run(client)]))[1];
}

async function inTheClear(artifact: Artifact, example: EncodedExample, bucket = 16) {
  const mpc = new CleartextBackend();
  const model = await prepareModel(mpc, artifact.public, artifact.private);
  return classify(
    mpc,
    model,
    { ids: [...example.ids], tokenTypes: [...example.types] },
    bucket,
    FINEST_LOGITS,
  );
}

/** The same with other thresholds. */
const nudged = ({ public: model, private: secret }: Artifact, by: number): Artifact => ({
  public: model,
  private: {
    ...secret,
    layers: secret.layers.map((layer) => ({
      ...layer,
      thresholds: layer.thresholds && {
        prune: layer.thresholds.prune + by,
        reduce: layer.thresholds.reduce + by,
      },
    })),
  },
});

/** An example none of whose scores is near a threshold: rounding differs between the backends. */
async function clearExample(
  artifact: Artifact,
  examples: readonly EncodedExample[],
): Promise<EncodedExample> {
  for (const example of examples) {
    const [below, at, above] = await Promise.all(
      [-0.02, 0, 0.02].map(async (by) => (await inTheClear(nudged(artifact, by), example)).layers),
    );
    if (JSON.stringify(below) === JSON.stringify(at) && JSON.stringify(at) === JSON.stringify(above))
      return example;
  }
  throw new Error('expected an example with a margin, got none');
}

const difference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

beforeAll(() => useBackend('native'));

describe.each(familyCases.map((family) => ({ title: family.title, family })))('$title', ({ family }) => {
  const stored = familyTensors(family);
  const checkpoint = checkpointOf(family, stored);

  it('computes what the library does with these names', async () => {
    expect(checkpoint.ignored).toEqual([]);
    expect(checkpoint.missing).toEqual([]);
    const folder = await mkdtemp(join(tmpdir(), 'cipherprune-families-'));
    const cases = examplesOf(family, 4).map(({ ids, types, index }) => ({
      text: `text ${index}`,
      input_ids: [...ids],
      token_type_ids: [...types],
      logits: familyLogits(family, stored, [...ids], [...types]),
    }));
    await writeFile(join(folder, 'reference.json'), JSON.stringify({ cases }));
    const { layers } = await verify(checkpoint, join(folder, 'reference.json'), 1e-4);
    expect(layers.map(({ layer }) => layer)).toEqual(['logits']);
    expect(layers[0]!.error).toBeLessThan(1e-4);
    await rm(folder, { recursive: true });
  });

  it('is stored again as it was read', () => {
    const again = storeCheckpointTensors(checkpoint.tensors, checkpoint.config);
    const plain = (tensors: Stored) =>
      Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]).sort());
    expect(plain(again)).toEqual(plain(stored));
    const config = parseHuggingFaceConfig(toHuggingFaceConfig(checkpoint.config), 'config.json').config;
    expect(config).toEqual(checkpoint.config);
    const back = readCheckpointTensors(again, config, 'model.safetensors');
    expect(back.tensors).toEqual(checkpoint.tensors);
  });

  it('is computed privately as in float', async () => {
    const examples = examplesOf(family, 40);
    const { artifact, state } = await exportArtifact(checkpoint, examples, {
      weightBits: 12,
      embeddingBits: 12,
      fixedPoint: { ringBits: 37, fractionBits: 12 },
    });
    const weights = new Set(artifact.private.layers.map(({ query }) => query.matrix.values));
    expect(weights.size).toBe(new Set([0, 1, 2].map((at) => family.layer(at).query)).size);
    for (const example of examples.slice(0, 3)) {
      const float = await predict(state, [example], { prune: true });
      const clear = await inTheClear(artifact, example);
      expect(difference(clear.logits!, [...float.logits])).toBeLessThan(0.05);
    }
    const example = await clearExample(artifact, examples);
    const clear = await inTheClear(artifact, example);
    const secret = await privately(artifact, example);
    expect(secret.layers).toEqual(clear.layers);
    expect(difference(secret.logits!, clear.logits!)).toBeLessThan(0.05);
    if (family.projection === null && family.tokenTypes > 0) return;
    // Where the embedding is of another kind than BERT's, also with the word table secret.
    const hidden = await inTheClear(withPrivateEmbedding(artifact), example);
    expect(difference(hidden.logits!, clear.logits!)).toBeLessThan(0.05);
  });
});

it('no file but the families and their list names one', () => {
  const folders = [
    'api',
    'bench',
    'cli',
    'config',
    'data',
    'experiments',
    'inference',
    'methods',
    'model',
    'training',
  ];
  const names = new RegExp(`['"\`](${FAMILY_NAMES.filter((name) => name !== 'bert').join('|')})['"\`]`);
  const naming = folders
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))))
    .filter((file) => file.endsWith('.ts') && names.test(readFileSync(file, 'utf8')))
    .filter((file) => !file.startsWith(join('model', 'families')));
  expect(naming).toEqual([join('model', 'config.ts')]);
});

it('all families have a case', () => {
  expect(new Set(familyCases.map(({ family }) => family))).toEqual(new Set(FAMILY_NAMES));
});

interface StoredCase {
  readonly input_ids: number[];
  readonly token_type_ids?: number[];
  readonly logits: number[];
}

const shared = join('..', 'shared', 'models', 'families');
const hasShared = existsSync(shared);
/** Where there are none, the report says that they were skipped. */
const sharedNames = hasShared
  ? readdirSync(shared).filter((name) => name !== 'deberta-v2')
  : ['every family'];
/** Two logits that lie closer may change places in fixed point. */
const MARGIN = 0.05;
/** What polynomials in the place of exact functions move a logit of these random weights by. */
const POLYNOMIALS = 0.15;

describe.skipIf(!hasShared)('small checkpoints with reference outputs', () => {
  it.each(sharedNames)('%s', async (name) => {
    const result = await verify(
      await readCheckpoint(join(shared, name)),
      join(shared, name, 'reference.json'),
      1e-4,
    );
    expect(result.maxError).toBeLessThan(1e-4);
    expect(result.layers.at(-1)!.layer).toBe('logits');
  });

  it.each(sharedNames)("%s: private labels are the reference's", async (name) => {
    const checkpoint = await readCheckpoint(join(shared, name));
    const text = readFileSync(join(shared, name, 'reference.json'), 'utf8');
    const { cases } = JSON.parse(text) as { cases: StoredCase[] };
    const examples = cases.map(({ input_ids: ids, token_type_ids: types }, index) => ({
      index,
      ids: Int32Array.from(ids),
      types: Int32Array.from(types ?? ids.map(() => 0)),
      label: Number.NaN,
    }));
    const fixedPoint = { ringBits: 37, fractionBits: 12 };
    const bits = { weightBits: 8, embeddingBits: 12, fixedPoint };
    const { artifact } = await exportArtifact(checkpoint, examples, bits);
    const wide = cases.map(({ logits }) => {
      const [first, second] = [...logits].sort((a, b) => b - a);
      return first! - second! > MARGIN;
    });
    expect(wide.filter(Boolean).length).toBeGreaterThanOrEqual(3);
    const compare = (logits: readonly number[], at: number) => {
      expect(difference(logits, cases[at]!.logits)).toBeLessThan(POLYNOMIALS);
      if (wide[at]) expect(argmax(logits)).toBe(argmax(cases[at]!.logits));
    };
    for (const [at, example] of examples.entries())
      compare((await inTheClear(artifact, example, 64)).logits!, at);
    const shortest = examples.reduce((a, b) => (b.ids.length < a.ids.length ? b : a));
    compare((await privately(artifact, shortest)).logits!, shortest.index);
  });
});
