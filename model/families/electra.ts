/**
 * ELECTRA (Clark et al., ICLR 2020): BERT's layers; the embedding may be narrower and is then projected; the head is
 * dense → gelu → out, on the first token.
 */
import { BERT_ARCHITECTURE } from '../config.js';
import { bertFields, bertSizes, writeBertSizes } from './bert.js';
import { checkHeads, count, readFields } from './configuration.js';
import type { Family } from './family.js';

const schema = bertFields({ activation: 'gelu', padding: 0 }).extend({ embedding_size: count.default(128) });

export const electra: Family = {
  name: 'electra',
  architecture: 'ElectraForSequenceClassification',
  prefix: 'electra.',
  head: { dense: 'classifier.dense', out: 'classifier.out_proj' },
  renames: [['embeddings.projection', 'embeddings_project']],
  unusedPositions: () => 0,
  read(literal) {
    const { own, shared } = readFields(schema, literal);
    const config = {
      ...BERT_ARCHITECTURE,
      ...shared,
      ...bertSizes(own),
      family: 'electra' as const,
      // The library projects only where the widths differ.
      embeddingSize: own.embedding_size === own.hidden_size ? null : own.embedding_size,
      headActivation: 'gelu' as const,
    };
    return checkHeads(config, 'hidden_size', 'num_attention_heads');
  },
  write: (config) => ({
    ...writeBertSizes(config),
    embedding_size: config.embeddingSize ?? config.hiddenSize,
  }),
};
