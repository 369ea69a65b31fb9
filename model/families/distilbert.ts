/** DistilBERT (Sanh et al., 2019): BERT's layers under other names, no token types, the head dense → relu → out. */
import * as z from 'zod';
import { BERT_ARCHITECTURE } from '../config.js';
import { activation, activationName, checkHeads, count, readFields } from './configuration.js';
import type { Family } from './family.js';

const schema = z.looseObject({
  dim: count,
  n_layers: count,
  n_heads: count,
  hidden_dim: count,
  max_position_embeddings: count,
  activation: activation('gelu'),
  pad_token_id: z.number().int().min(0).default(0),
});

/** The library has no setting for it. */
const EPSILON = 1e-12;

export const distilbert: Family = {
  name: 'distilbert',
  architecture: 'DistilBertForSequenceClassification',
  prefix: 'distilbert.',
  head: { dense: 'pre_classifier', out: 'classifier' },
  renames: [
    ['encoder.layer.', 'transformer.layer.'],
    ['attention.self.query', 'attention.q_lin'],
    ['attention.self.key', 'attention.k_lin'],
    ['attention.self.value', 'attention.v_lin'],
    ['attention.output.dense', 'attention.out_lin'],
    ['attention.output.LayerNorm', 'sa_layer_norm'],
    ['intermediate.dense', 'ffn.lin1'],
    ['output.dense', 'ffn.lin2'],
    ['output.LayerNorm', 'output_layer_norm'],
  ],
  unusedPositions: () => 0,
  read(literal) {
    const { own, shared } = readFields(schema, literal);
    const config = {
      ...BERT_ARCHITECTURE,
      ...shared,
      family: 'distilbert' as const,
      hiddenSize: own.dim,
      layers: own.n_layers,
      heads: own.n_heads,
      intermediateSize: own.hidden_dim,
      maxPositions: own.max_position_embeddings,
      tokenTypes: 0,
      layerNormEpsilon: EPSILON,
      activation: own.activation,
      headActivation: 'relu' as const,
      paddingToken: own.pad_token_id,
    };
    return checkHeads(config, 'dim', 'n_heads');
  },
  write: (config) => ({
    dim: config.hiddenSize,
    n_layers: config.layers,
    n_heads: config.heads,
    hidden_dim: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    activation: activationName(config.activation),
    sinusoidal_pos_embds: false,
  }),
};
