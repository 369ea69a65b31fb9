/**
 * Tiny checkpoints of every family as the reference library stores them, and their forward pass in plain arrays. Written from the
 * library's own classes and names, so that it knows nothing of our mapping.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { splitmix32 } from '../../../util/splitmix32.js';
import { fromElements } from '../../../model/artifact/stored-tensor.js';
import type { StoredTensor } from '../../../model/checkpoint/safetensors.js';
import { writeSafetensors } from '../../../model/checkpoint/safetensors-file.js';
import type { FamilyName } from '../../../model/config.js';
import { exactGelu } from '../../training/network/naive-encoder.js';

const [VOCABULARY, HIDDEN, INNER, HEADS, LAYERS, POSITIONS, NARROW] = [40, 16, 24, 2, 3, 20, 8];
const LABELS = ['billing', 'shipping', 'other'];

type Function = (x: number) => number;
const relu: Function = (x) => Math.max(x, 0);
const geluNew: Function = (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

interface LayerNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly attention: string;
  readonly attentionNorm: string;
  readonly inner: string;
  readonly outer: string;
  readonly outputNorm: string;
}

export interface FamilyCase {
  readonly title: string;
  readonly family: FamilyName;
  readonly config: Readonly<Record<string, unknown>>;
  readonly prefix: string;
  readonly tokenTypes: number;
  /** Rows of the position table before a text's first. */
  readonly offset: number;
  readonly embedding: number;
  readonly projection: string | null;
  readonly layer: (at: number) => LayerNames;
  readonly head: { readonly dense: string; readonly out: string };
  readonly activation: Function;
  readonly headActivation: Function;
}

const bertLayer =
  (prefix: string) =>
  (at: number): LayerNames => {
    const name = `${prefix}encoder.layer.${at}`;
    return {
      query: `${name}.attention.self.query`,
      key: `${name}.attention.self.key`,
      value: `${name}.attention.self.value`,
      attention: `${name}.attention.output.dense`,
      attentionNorm: `${name}.attention.output.LayerNorm`,
      inner: `${name}.intermediate.dense`,
      outer: `${name}.output.dense`,
      outputNorm: `${name}.output.LayerNorm`,
    };
  };

const labels = { id2label: Object.fromEntries(LABELS.map((label, id) => [id, label])) };
const bertSizes = {
  hidden_size: HIDDEN,
  num_hidden_layers: LAYERS,
  num_attention_heads: HEADS,
  intermediate_size: INNER,
  max_position_embeddings: POSITIONS,
  vocab_size: VOCABULARY,
  ...labels,
};

const bert: FamilyCase = {
  title: 'BERT',
  family: 'bert',
  config: { ...bertSizes, model_type: 'bert', type_vocab_size: 2, layer_norm_eps: 1e-12, hidden_act: 'gelu' },
  prefix: 'bert.',
  tokenTypes: 2,
  offset: 0,
  embedding: HIDDEN,
  projection: null,
  layer: bertLayer('bert.'),
  head: { dense: 'bert.pooler.dense', out: 'classifier' },
  activation: exactGelu,
  headActivation: Math.tanh,
};

const robertaLike = (family: FamilyName): FamilyCase => ({
  ...bert,
  title: family,
  family,
  config: {
    ...bertSizes,
    model_type: family,
    type_vocab_size: 1,
    layer_norm_eps: 1e-5,
    hidden_act: 'gelu',
    pad_token_id: 1,
    max_position_embeddings: POSITIONS + 2,
  },
  prefix: 'roberta.',
  tokenTypes: 1,
  offset: 2,
  layer: bertLayer('roberta.'),
  head: { dense: 'classifier.dense', out: 'classifier.out_proj' },
});

export const familyCases: readonly FamilyCase[] = [
  bert,
  {
    ...bert,
    title: 'BERT with gelu_new',
    config: { ...bert.config, hidden_act: 'gelu_new' },
    activation: geluNew,
  },
  {
    ...bert,
    title: 'BERT with gelu_pytorch_tanh',
    config: { ...bert.config, hidden_act: 'gelu_pytorch_tanh' },
    activation: geluNew,
  },
  { ...bert, title: 'BERT with relu', config: { ...bert.config, hidden_act: 'relu' }, activation: relu },
  { ...bert, title: 'BERT of one token type', config: { ...bert.config, type_vocab_size: 1 }, tokenTypes: 1 },
  robertaLike('roberta'),
  robertaLike('xlm-roberta'),
  robertaLike('camembert'),
  {
    ...bert,
    title: 'DistilBERT',
    family: 'distilbert',
    config: {
      ...labels,
      model_type: 'distilbert',
      dim: HIDDEN,
      n_layers: LAYERS,
      n_heads: HEADS,
      hidden_dim: INNER,
      max_position_embeddings: POSITIONS,
      vocab_size: VOCABULARY,
      activation: 'gelu',
      pad_token_id: 0,
    },
    prefix: 'distilbert.',
    tokenTypes: 0,
    layer: (at) => {
      const name = `distilbert.transformer.layer.${at}`;
      return {
        query: `${name}.attention.q_lin`,
        key: `${name}.attention.k_lin`,
        value: `${name}.attention.v_lin`,
        attention: `${name}.attention.out_lin`,
        attentionNorm: `${name}.sa_layer_norm`,
        inner: `${name}.ffn.lin1`,
        outer: `${name}.ffn.lin2`,
        outputNorm: `${name}.output_layer_norm`,
      };
    },
    head: { dense: 'pre_classifier', out: 'classifier' },
    headActivation: relu,
  },
  {
    ...bert,
    title: 'ELECTRA',
    family: 'electra',
    config: { ...bert.config, model_type: 'electra', embedding_size: NARROW },
    prefix: 'electra.',
    embedding: NARROW,
    projection: 'electra.embeddings_project',
    layer: bertLayer('electra.'),
    head: { dense: 'classifier.dense', out: 'classifier.out_proj' },
    headActivation: exactGelu,
  },
  {
    ...bert,
    title: 'ELECTRA with a wide embedding',
    family: 'electra',
    config: { ...bert.config, model_type: 'electra', embedding_size: HIDDEN },
    prefix: 'electra.',
    layer: bertLayer('electra.'),
    head: { dense: 'classifier.dense', out: 'classifier.out_proj' },
    headActivation: exactGelu,
  },
  ...[1, 2].map(
    (groups): FamilyCase => ({
      ...bert,
      title: `ALBERT, groups: ${groups}`,
      family: 'albert',
      config: {
        ...bert.config,
        model_type: 'albert',
        embedding_size: NARROW,
        hidden_act: 'gelu_new',
        num_hidden_groups: groups,
        inner_group_num: 1,
      },
      prefix: 'albert.',
      embedding: NARROW,
      projection: 'albert.encoder.embedding_hidden_mapping_in',
      layer: (at) => {
        // AlbertTransformer: group_idx = int(i / (num_hidden_layers / num_hidden_groups))
        const group = Math.floor(at / (LAYERS / groups));
        const name = `albert.encoder.albert_layer_groups.${group}.albert_layers.0`;
        return {
          query: `${name}.attention.query`,
          key: `${name}.attention.key`,
          value: `${name}.attention.value`,
          attention: `${name}.attention.dense`,
          attentionNorm: `${name}.attention.LayerNorm`,
          inner: `${name}.ffn`,
          outer: `${name}.ffn_output`,
          outputNorm: `${name}.full_layer_layer_norm`,
        };
      },
      head: { dense: 'albert.pooler', out: 'classifier' },
      activation: geluNew,
    }),
  ),
];

export type Stored = Map<string, StoredTensor>;

/** Random weights, large enough that attention is far from uniform. */
export function familyTensors(family: FamilyCase, seed = 3): Stored {
  const random = splitmix32(seed);
  const stored: Stored = new Map();
  const put = (name: string, shape: readonly number[], centre = 0, size = 0.6): void => {
    if (stored.has(name)) return;
    const length = shape.reduce((a, b) => a * b, 1);
    stored.set(
      name,
      fromElements(
        Float32Array.from({ length }, () => centre + size * (random() - 0.5)),
        shape,
      ),
    );
  };
  const linear = (name: string, outputs: number, inputs: number): void => {
    put(`${name}.weight`, [outputs, inputs]);
    put(`${name}.bias`, [outputs]);
  };
  const norm = (name: string, size: number): void => {
    put(`${name}.weight`, [size], 1);
    put(`${name}.bias`, [size]);
  };
  const { prefix, embedding, offset } = family;
  put(`${prefix}embeddings.word_embeddings.weight`, [VOCABULARY, embedding], 0, 2);
  put(`${prefix}embeddings.position_embeddings.weight`, [POSITIONS + offset, embedding], 0, 2);
  if (family.tokenTypes > 0)
    put(`${prefix}embeddings.token_type_embeddings.weight`, [family.tokenTypes, embedding], 0, 2);
  norm(`${prefix}embeddings.LayerNorm`, embedding);
  if (family.projection !== null) linear(family.projection, HIDDEN, embedding);
  for (let at = 0; at < LAYERS; at++) {
    const names = family.layer(at);
    for (const name of [names.query, names.key, names.value, names.attention]) linear(name, HIDDEN, HIDDEN);
    linear(names.inner, INNER, HIDDEN);
    linear(names.outer, HIDDEN, INNER);
    norm(names.attentionNorm, HIDDEN);
    norm(names.outputNorm, HIDDEN);
  }
  linear(family.head.dense, HIDDEN, HIDDEN);
  linear(family.head.out, LABELS.length, HIDDEN);
  return stored;
}

/** Writes config.json and model.safetensors. */
export async function writeFamily(directory: string, family: FamilyCase, stored: Stored): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'config.json'), JSON.stringify(family.config));
  await writeSafetensors(join(directory, 'model.safetensors'), stored);
}

type Row = number[];

/** Logits of one sequence in double precision. */
export function familyLogits(
  family: FamilyCase,
  stored: Stored,
  ids: readonly number[],
  types: readonly number[],
): Row {
  const values = (name: string): Float32Array => {
    const { bytes } = stored.get(name)!;
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  };
  const linear = (x: Row, name: string): Row => {
    const weight = values(`${name}.weight`);
    return Array.from(values(`${name}.bias`), (b, o) =>
      x.reduce((sum, xi, i) => sum + xi * weight[o * x.length + i]!, b),
    );
  };
  const epsilon = (family.config.layer_norm_eps as number | undefined) ?? 1e-12;
  const norm = (x: Row, name: string): Row => {
    const mean = x.reduce((a, b) => a + b) / x.length;
    const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
    const [gamma, beta] = [values(`${name}.weight`), values(`${name}.bias`)];
    return x.map((xi, i) => ((xi - mean) / Math.sqrt(variance + epsilon)) * gamma[i]! + beta[i]!);
  };
  const add = (a: Row, b: Row): Row => a.map((ai, i) => ai + b[i]!);
  const row = (table: string, at: number): Row => [
    ...values(`${family.prefix}embeddings.${table}.weight`).slice(
      at * family.embedding,
      (at + 1) * family.embedding,
    ),
  ];
  let x: Row[] = ids.map((id, at) => {
    const sum = add(row('word_embeddings', id), row('position_embeddings', at + family.offset));
    const typed = family.tokenTypes > 0 ? add(sum, row('token_type_embeddings', types[at]!)) : sum;
    const normed = norm(typed, `${family.prefix}embeddings.LayerNorm`);
    return family.projection === null ? normed : linear(normed, family.projection);
  });
  for (let at = 0; at < LAYERS; at++) {
    const names = family.layer(at);
    const [q, k, v] = [names.query, names.key, names.value].map((name) => x.map((xi) => linear(xi, name)));
    const size = HIDDEN / HEADS;
    const context = x.map((_, i) =>
      Array.from({ length: HEADS }, (_, head) => {
        const part = (r: Row): Row => r.slice(head * size, (head + 1) * size);
        const dots = k!.map((kj) =>
          Math.exp(part(q![i]!).reduce((sum, a, d) => sum + a * part(kj)[d]!, 0) / Math.sqrt(size)),
        );
        const total = dots.reduce((a, b) => a + b);
        return Array.from({ length: size }, (_, d) =>
          dots.reduce((sum, dot, j) => sum + (dot / total) * part(v![j]!)[d]!, 0),
        );
      }).flat(),
    );
    x = x.map((xi, i) => {
      const attended = norm(add(xi, linear(context[i]!, names.attention)), names.attentionNorm);
      const inner = linear(attended, names.inner).map(family.activation);
      return norm(add(attended, linear(inner, names.outer)), names.outputNorm);
    });
  }
  return linear(linear(x[0]!, family.head.dense).map(family.headActivation), family.head.out);
}
