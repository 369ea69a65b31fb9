/** ALBERT (Lan et al., ICLR 2020): a narrow embedding that is always projected, and layers that share their weights. */
import * as z from 'zod';
import { BERT_ARCHITECTURE } from '../config.js';
import { bertFields, bertSizes, writeBertSizes } from './bert.js';
import { checkHeads, count, readFields } from './configuration.js';
import type { Family } from './family.js';

const schema = bertFields({ activation: 'gelu_new', padding: 0 }).extend({
  embedding_size: count.default(128),
  num_hidden_groups: count.default(1),
  inner_group_num: z.literal(1).default(1),
});

export const albert: Family = {
  name: 'albert',
  architecture: 'AlbertForSequenceClassification',
  prefix: 'albert.',
  head: { dense: 'albert.pooler', out: 'classifier' },
  renames: [
    ['embeddings.projection', 'encoder.embedding_hidden_mapping_in'],
    ['encoder.layer.', 'encoder.albert_layer_groups.'],
    ['.attention.self.', '.albert_layers.0.attention.'],
    ['.attention.output.', '.albert_layers.0.attention.'],
    ['.intermediate.dense', '.albert_layers.0.ffn'],
    ['.output.dense', '.albert_layers.0.ffn_output'],
    ['.output.LayerNorm', '.albert_layers.0.full_layer_layer_norm'],
  ],
  unusedPositions: () => 0,
  read(literal) {
    const { own, shared } = readFields(schema, literal);
    const config = {
      ...BERT_ARCHITECTURE,
      ...shared,
      ...bertSizes(own),
      family: 'albert' as const,
      embeddingSize: own.embedding_size,
      weightGroups: own.num_hidden_groups,
    };
    return checkHeads(config, 'hidden_size', 'num_attention_heads');
  },
  write: (config) => ({
    ...writeBertSizes(config),
    embedding_size: config.embeddingSize,
    num_hidden_groups: config.weightGroups,
    inner_group_num: 1,
  }),
};
