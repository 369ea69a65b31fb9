import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TINY_VOCABULARY } from '../../../bench/tiny-artifact.js';
import { splitmix32 } from '../../../util/splitmix32.js';
import {
  CheckpointError,
  type FloatTensor,
  readCheckpoint,
  writeCheckpoint,
} from '../../../model/checkpoint/checkpoint.js';
import { encoderShapes, headShapes } from '../../../model/checkpoint/checkpoint-tensors.js';
import { elementCount, parseSafetensors, type StoredTensor } from '../../../model/checkpoint/safetensors.js';
import { readSafetensors, writeSafetensors } from '../../../model/checkpoint/safetensors-file.js';
import { BERT_ARCHITECTURE, type ModelConfig } from '../../../model/config.js';
import { namedTask } from '../../../model/task.js';
import { tokenizerFilesFromVocabulary } from '../../../model/tokenizer/tokenizer-files.js';

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const config: ModelConfig = {
  ...BERT_ARCHITECTURE,
  vocabularySize: TINY_VOCABULARY.length,
  hiddenSize: 4,
  layers: 2,
  heads: 2,
  intermediateSize: 6,
  maxPositions: 5,
  tokenTypes: 2,
  layerNormEpsilon: 1e-12,
  labels: ['no', 'yes', 'perhaps'],
};
const random = splitmix32(1);
const tensors = new Map<string, FloatTensor>(
  [...encoderShapes(config), ...headShapes(config)].map(([name, shape]) => [
    name,
    { shape, values: Float32Array.from({ length: elementCount(shape) }, () => random() - 0.5) },
  ]),
);
const tokenizerFiles = tokenizerFilesFromVocabulary(TINY_VOCABULARY);
const details = {
  task: namedTask('sst2'),
  maxTokens: 5,
  prunes: true,
  reduces: false,
  thresholds: [
    { prune: 0.1, reduce: 0.5 },
    { prune: 0.3, reduce: 0.7 },
  ],
};
const checkpoint = { config, tensors, tokenizerFiles, details };
const directory = join(folder, 'ours');

beforeEach(async () => writeCheckpoint(directory, checkpoint, new Map([['optimizer.txt', 'state']])));

/** Stores the tensors anew under other names. */
async function store(
  path: string,
  rename: (name: string) => string | null,
  dtype: 'F32' | 'BF16' = 'F32',
): Promise<void> {
  const { tensors: stored } = await readSafetensors(join(directory, 'model.safetensors'));
  const renamed = new Map<string, StoredTensor>();
  for (const [name, tensor] of stored) {
    const to = rename(name);
    // bfloat16 is the upper half of float32.
    const upper = tensor.bytes.filter((_, i) => i % 4 > 1);
    if (to !== null) renamed.set(to, dtype === 'F32' ? tensor : { ...tensor, dtype, bytes: upper });
  }
  await writeSafetensors(path, renamed);
}

describe('checkpoint', () => {
  it('gives back what was written', async () => {
    const { ignored, missing, ...back } = await readCheckpoint(directory);
    expect(back).toEqual(checkpoint);
    expect(ignored).toEqual([]);
    expect(missing).toEqual([]);
    expect(readFileSync(join(directory, 'optimizer.txt'), 'utf8')).toBe('state');
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is a Hugging Face sequence classifier by its names', () => {
    const { tensors: stored } = parseSafetensors(readFileSync(join(directory, 'model.safetensors')));
    expect(stored.get('bert.encoder.layer.1.intermediate.dense.weight')!.shape).toEqual([6, 4]);
    expect(stored.get('classifier.weight')!.shape).toEqual([3, 4]);
    expect([...stored.keys()].every((name) => /^(bert|classifier)\./.test(name))).toBe(true);
    const literal = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(literal).toMatchObject({
      architectures: ['BertForSequenceClassification'],
      id2label: { 0: 'no', 1: 'yes', 2: 'perhaps' },
      num_hidden_layers: 2,
    });
  });

  it('reads early names, no prefix, other heads and vocab.txt', async () => {
    const path = join(directory, 'model.safetensors');
    await store(path, (name) =>
      name
        .replace('bert.', '')
        .replace('LayerNorm.weight', 'LayerNorm.gamma')
        .replace('LayerNorm.bias', 'LayerNorm.beta')
        .replace('classifier', 'cls.predictions'),
    );
    rmSync(join(directory, 'tokenizer.json'));
    rmSync(join(directory, 'cipherprune.json'));
    writeFileSync(join(directory, 'vocab.txt'), `${TINY_VOCABULARY.join('\n')}\n`);
    const back = await readCheckpoint(directory);
    expect(back.ignored).toEqual(['cls.predictions.bias', 'cls.predictions.weight']);
    expect(back.details).toBeNull();
    expect(back.tensors.get('encoder.layer.0.output.LayerNorm.weight')).toEqual(
      tensors.get('encoder.layer.0.output.LayerNorm.weight'),
    );
    expect(back.tensors.has('classifier.weight')).toBe(false);
    expect(back.tokenizerFiles).toEqual(tokenizerFiles);
  });

  it('takes no other head for a classifier, and says what is missing', async () => {
    rmSync(join(directory, 'cipherprune.json'));
    edit('config.json', 'BertForSequenceClassification', 'BertForTokenClassification');
    const back = await readCheckpoint(directory);
    expect([...back.ignored].sort()).toEqual([
      'bert.pooler.dense.bias',
      'bert.pooler.dense.weight',
      'classifier.bias',
      'classifier.weight',
    ]);
    expect([...back.missing].sort()).toEqual([...back.ignored].sort());
    expect(back.tensors.has('classifier.weight')).toBe(false);
  });

  it('of a run is named where the folder of the run is given', async () => {
    mkdirSync(join(directory, 'run'));
    renameSync(join(directory, 'config.json'), join(directory, 'run', 'config.json'));
    renameSync(join(directory, 'run'), join(directory, 'final'));
    rmSync(join(directory, 'model.safetensors'));
    await expect(readCheckpoint(directory)).rejects.toThrow(
      `found no config.json; ${join(directory, 'final')} is one`,
    );
    // A sweep leaves the run's own configuration there.
    writeFileSync(join(directory, 'config.json'), '{"name": "a run"}');
    await expect(readCheckpoint(directory)).rejects.toThrow(
      `found no model.safetensors; ${join(directory, 'final')} is one`,
    );
  });

  it('reads bfloat16 shards by their index', async () => {
    const first = (name: string): boolean => name.includes('layer.0');
    await store(join(directory, 'a.safetensors'), (name) => (first(name) ? name : null), 'BF16');
    await store(join(directory, 'b.safetensors'), (name) => (first(name) ? null : name), 'BF16');
    const { tensors: stored } = await readSafetensors(join(directory, 'model.safetensors'));
    const map = Object.fromEntries(
      [...stored.keys()].map((name) => [name, first(name) ? 'a.safetensors' : 'b.safetensors']),
    );
    writeFileSync(join(directory, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    rmSync(join(directory, 'model.safetensors'));
    const back = await readCheckpoint(directory);
    for (const [name, { values }] of tensors)
      back.tensors.get(name)!.values.forEach((value, i) => {
        expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(Math.abs(values[i]!) / 128);
      });
  });

  it.each<[string, () => void | Promise<void>, RegExp]>([
    [
      'without config.json',
      () => rmSync(join(directory, 'config.json')),
      /expected config\.json, model\.safetensors and the tokenizer's files, found no config\.json$/,
    ],
    ['of another kind', () => edit('config.json', '"bert"', '"gpt2"'), /config\.json: model_type: .*decoder/],
    [
      'with another activation',
      () => edit('config.json', '"gelu"', '"silu"'),
      /hidden_act: expected an activation of gelu.*, got "silu"/,
    ],
    [
      'with odd heads',
      () => edit('config.json', '"num_attention_heads": 2', '"num_attention_heads": 3'),
      /multiple of/,
    ],
    [
      'of another size',
      () => edit('config.json', '"hidden_size": 4', '"hidden_size": 8'),
      /expected shape \[\d+,8\]|expected shape \[8/,
    ],
    ['without weights', () => rmSync(join(directory, 'model.safetensors')), /expected model\.safetensors or/],
    [
      'with a missing layer',
      () =>
        store(join(directory, 'model.safetensors'), (name) =>
          name.includes('layer.1.output.dense.w') ? null : name,
        ),
      /tensor bert\.encoder\.layer\.1\.output\.dense\.weight: missing/,
    ],
    [
      'with more layers than it says',
      () => edit('config.json', '"num_hidden_layers": 2', '"num_hidden_layers": 1'),
      /16 tensors of layers that config\.json does not have \(it says 1 layers\)/,
    ],
    [
      'with distances in place of positions',
      () => edit('config.json', '"bert"', '"deberta-v2"'),
      /got "deberta-v2"; its attention depends on the distance/,
    ],
    [
      'as a Git LFS pointer',
      () =>
        writeFileSync(
          join(directory, 'model.safetensors'),
          'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
        ),
      /model\.safetensors: expected the file itself, got a Git LFS pointer/,
    ],
    [
      'as a pickle alone',
      () => renameSync(join(directory, 'model.safetensors'), join(directory, 'pytorch_model.bin')),
      /got only pytorch_model\.bin.*Convert it once, in Python:\n.*\n.*save_pretrained/,
    ],
    [
      'with a number that is none',
      async () => {
        const path = join(directory, 'model.safetensors');
        const { tensors: stored } = await readSafetensors(path);
        const values = Float32Array.of(0, Number.NaN, 0);
        const bias = { ...stored.get('classifier.bias')!, bytes: new Uint8Array(values.buffer) };
        await writeSafetensors(path, new Map(stored).set('classifier.bias', bias));
      },
      /tensor classifier\.bias: expected finite numbers, got NaN at element 1/,
    ],
    [
      'with several numbers at once',
      () => edit('config.json', '"pad_token_id"', '"problem_type": "regression", "pad_token_id"'),
      /regression: expected one output, got 3/,
    ],
    ['with damaged details', () => edit('cipherprune.json', '"task"', '"tusk"'), /cipherprune\.json: task/],
    [
      'with too few thresholds',
      () => edit('cipherprune.json', /\{\s*"prune": 0\.1[^}]*\},/, ''),
      /expected 2 layers, got 1/,
    ],
    [
      'without tokenizer',
      () => rmSync(join(directory, 'tokenizer.json')),
      /expected tokenizer\.json or vocab\.txt/,
    ],
  ])('is refused %s', async (_, damage, message) => {
    await damage();
    await expect(readCheckpoint(directory)).rejects.toThrow(message);
  });

  function edit(name: string, from: string | RegExp, to: string): void {
    const path = join(directory, name);
    const text = readFileSync(path, 'utf8');
    expect(text.search(from)).toBeGreaterThanOrEqual(0);
    writeFileSync(path, text.replace(from, to));
  }

  it.each(['model.safetensors', 'config.json', 'tokenizer.json', 'optimizer.txt', 'cipherprune.json'])(
    'finds a flipped bit anywhere in %s',
    async (name) => {
      const path = join(directory, name);
      const good = readFileSync(path);
      for (let flip = 0; flip < 12; flip++) {
        const bytes = Uint8Array.from(good);
        const at = Math.floor(random() * bytes.length);
        bytes[at]! ^= 1 << (flip % 8);
        writeFileSync(path, bytes);
        await expect(readCheckpoint(directory), `${name}: byte ${at}`).rejects.toThrow(Error);
      }
      writeFileSync(path, good);
      await readCheckpoint(directory);
    },
  );

  it('reads one of an older version, without digests, and says so', async () => {
    const path = join(directory, 'cipherprune.json');
    const {
      files: _,
      digest: __,
      ...older
    } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify(older));
    const written = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    const { details: read } = await readCheckpoint(directory);
    const said = written.mock.calls.join();
    written.mockRestore();
    expect(read).toEqual(details);
    expect(said).toMatch(/has no digests/);
    writeFileSync(path, JSON.stringify({ ...older, files: {} }));
    await expect(readCheckpoint(directory)).rejects.toThrow(/expected digests/);
  });

  it('keeps the old one if the new one cannot be written', async () => {
    const nan = new Map(tensors).set('classifier.bias', {
      shape: [3],
      values: Float32Array.of(0, Number.NaN, 0),
    });
    await expect(writeCheckpoint(directory, { ...checkpoint, tensors: nan })).rejects.toThrow(
      CheckpointError,
    );
    const clash = new Map([['config.json/x', 'a file where a folder must be']]);
    await expect(writeCheckpoint(directory, checkpoint, clash)).rejects.toThrow();
    const { ignored: _, missing: __, ...back } = await readCheckpoint(directory);
    expect(back).toEqual(checkpoint);
    expect(readdirSync(folder)).toEqual(['ours']);
  });

  const shared = join('..', 'shared', 'models', 'minilm-l6-h384');
  it.skipIf(!existsSync(shared))('reads a real half-precision checkpoint', async () => {
    const real = await readCheckpoint(shared);
    expect(real.config).toMatchObject({ layers: 6, heads: 12, hiddenSize: 384, vocabularySize: 30522 });
    expect(real.ignored).toEqual([]);
    expect(real.tensors.get('pooler.dense.weight')!.shape).toEqual([384, 384]);
    const { cases } = JSON.parse(readFileSync(join(shared, 'reference.json'), 'utf8')) as {
      cases: { cls_per_layer: number[][] }[];
    };
    const row = (table: string, id: number): Float32Array =>
      real.tensors.get(`embeddings.${table}.weight`)!.values.subarray(id * 384, (id + 1) * 384);
    // The embedding of [CLS], which is token 101 of the first text, worked out here.
    const tables = [
      row('word_embeddings', 101),
      row('position_embeddings', 0),
      row('token_type_embeddings', 0),
    ];
    const sum = Array.from({ length: 384 }, (_, i) => tables.reduce((total, table) => total + table[i]!, 0));
    const mean = sum.reduce((a, b) => a + b) / 384;
    const deviation = Math.sqrt(sum.reduce((a, b) => a + (b - mean) ** 2, 0) / 384);
    const [gamma, beta] = [row('LayerNorm', 0), real.tensors.get('embeddings.LayerNorm.bias')!.values];
    cases[0]!.cls_per_layer[0]!.forEach((expected, i) => {
      expect(gamma[i]! * ((sum[i]! - mean) / deviation) + beta[i]!).toBeCloseTo(expected, 4);
    });
    mkdirSync(join(folder, 'empty'), { recursive: true });
    await expect(readCheckpoint(join(folder, 'empty'))).rejects.toThrow(CheckpointError);
    rmSync(join(folder, 'empty'), { recursive: true });
  });
});
