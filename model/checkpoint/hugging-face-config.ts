/** `config.json` of a Hugging Face BERT checkpoint ↔ ModelConfig. */
import * as z from 'zod';
import type { ModelConfig } from '../config.js';

/** A checkpoint that cannot be read; the message names file, expected and got. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}

const count = z.number().int().positive();

const configSchema = z.looseObject({
  model_type: z.literal('bert'),
  vocab_size: count,
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  intermediate_size: count,
  max_position_embeddings: count,
  type_vocab_size: count.default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: z.literal('gelu', { error: 'expected the activation "gelu"' }).default('gelu'),
  position_embedding_type: z.literal('absolute').default('absolute'),
  is_decoder: z.literal(false).default(false),
  id2label: z.record(z.string().regex(/^\d+$/), z.string()).optional(),
  num_labels: count.optional(),
});

/** Class names in order; without any, two unnamed classes, which is the library's own default. */
function labelsOf({ id2label, num_labels }: z.output<typeof configSchema>): string[] {
  const labels = Object.entries(id2label ?? {}).sort(([a], [b]) => Number(a) - Number(b));
  if (labels.length > 0) return labels.map(([, name]) => name);
  return Array.from({ length: num_labels ?? 2 }, (_, i) => `LABEL_${i}`);
}

/** Reads config.json. Throws CheckpointError for anything but a BERT encoder with absolute positions and GELU. */
export function parseHuggingFaceConfig(text: string, file: string): ModelConfig {
  let literal: unknown;
  try {
    literal = JSON.parse(text);
  } catch {
    throw new CheckpointError(`${file}: not JSON`);
  }
  const parsed = configSchema.safeParse(literal);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new CheckpointError(`${file}: ${issue?.path.map(String).join('.')}: ${issue?.message}`);
  }
  const config = parsed.data;
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new CheckpointError(
      `${file}: hidden_size: expected a multiple of num_attention_heads ${config.num_attention_heads}, got ${config.hidden_size}`,
    );
  }
  return {
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    intermediateSize: config.intermediate_size,
    maxPositions: config.max_position_embeddings,
    tokenTypes: config.type_vocab_size,
    layerNormEpsilon: config.layer_norm_eps,
    labels: labelsOf(config),
  };
}

/** config.json of a sequence classifier, as the library reads it. */
export function toHuggingFaceConfig(config: ModelConfig): string {
  const byId = config.labels.map((label, id) => [String(id), label] as const);
  const byLabel = config.labels.map((label, id) => [label, id] as const);
  const literal = {
    architectures: ['BertForSequenceClassification'],
    model_type: 'bert',
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    type_vocab_size: config.tokenTypes,
    layer_norm_eps: config.layerNormEpsilon,
    hidden_act: 'gelu',
    position_embedding_type: 'absolute',
    pad_token_id: 0,
    id2label: Object.fromEntries(byId),
    label2id: Object.fromEntries(byLabel),
  };
  return `${JSON.stringify(literal, null, 2)}\n`;
}
