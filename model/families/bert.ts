/** BERT (Devlin et al., NAACL 2019): the layout that our own names follow, and the fields that most families share with it. */
import * as z from 'zod';
import { BERT_ARCHITECTURE, type ModelConfig } from '../config.js';
import { activation, activationName, checkHeads, count, epsilon, readFields } from './configuration.js';
import type { Family } from './family.js';

/** Sizes under BERT's names, which ELECTRA, ALBERT and RoBERTa kept. */
export const bertFields = (defaults: { activation: string; padding: number }) =>
  z.looseObject({
    hidden_size: count,
    num_hidden_layers: count,
    num_attention_heads: count,
    intermediate_size: count,
    max_position_embeddings: count,
    type_vocab_size: count.default(2),
    layer_norm_eps: epsilon,
    hidden_act: activation(defaults.activation),
    pad_token_id: z
      .number()
      .int()
      .min(0)
      .nullish()
      .transform((id) => id ?? defaults.padding),
  });

export type BertFields = z.output<ReturnType<typeof bertFields>>;

/** Our configuration of BERT's sizes. */
export const bertSizes = (fields: BertFields) => ({
  hiddenSize: fields.hidden_size,
  layers: fields.num_hidden_layers,
  heads: fields.num_attention_heads,
  intermediateSize: fields.intermediate_size,
  maxPositions: fields.max_position_embeddings,
  tokenTypes: fields.type_vocab_size,
  layerNormEpsilon: fields.layer_norm_eps,
  activation: fields.hidden_act,
  paddingToken: fields.pad_token_id,
});

/** ... and back. */
export const writeBertSizes = (config: ModelConfig): Record<string, unknown> => ({
  hidden_size: config.hiddenSize,
  num_hidden_layers: config.layers,
  num_attention_heads: config.heads,
  intermediate_size: config.intermediateSize,
  max_position_embeddings: config.maxPositions,
  type_vocab_size: config.tokenTypes,
  layer_norm_eps: config.layerNormEpsilon,
  hidden_act: activationName(config.activation),
  position_embedding_type: 'absolute',
});

const schema = bertFields({ activation: 'gelu', padding: 0 });

export const bert: Family = {
  name: 'bert',
  architecture: 'BertForSequenceClassification',
  prefix: 'bert.',
  head: { dense: 'bert.pooler.dense', out: 'classifier' },
  renames: [],
  unusedPositions: () => 0,
  read(literal) {
    const { own, shared } = readFields(schema, literal);
    const config = { ...BERT_ARCHITECTURE, ...shared, ...bertSizes(own) };
    return checkHeads(config, 'hidden_size', 'num_attention_heads');
  },
  write: writeBertSizes,
};
