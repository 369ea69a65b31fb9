/**
 * RoBERTa (Liu et al., 2019) and the families that differ from it in name and tokenizer: positions begin behind the padding
 * token's row, one token type, the head dense → tanh → out beside the encoder instead of a pooler inside.
 */
import { BERT_ARCHITECTURE, type FamilyName } from '../config.js';
import { bertFields, bertSizes, writeBertSizes } from './bert.js';
import { checkHeads, readFields } from './configuration.js';
import type { Family } from './family.js';

const schema = bertFields({ activation: 'gelu', padding: 1 });

/** The table's rows up to the padding token's belong to no token of a text. */
const unusedPositions: Family['unusedPositions'] = ({ paddingToken }) => paddingToken + 1;

export const robertaLike = (name: FamilyName, architecture: string): Family => ({
  name,
  architecture,
  prefix: 'roberta.',
  head: { dense: 'classifier.dense', out: 'classifier.out_proj' },
  renames: [],
  unusedPositions,
  read(literal) {
    const { own, shared } = readFields(schema, literal);
    const sizes = bertSizes(own);
    const maxPositions = sizes.maxPositions - unusedPositions(sizes);
    const config = { ...BERT_ARCHITECTURE, ...shared, ...sizes, family: name, maxPositions };
    return checkHeads(config, 'hidden_size', 'num_attention_heads');
  },
  write: (config) => ({
    ...writeBertSizes(config),
    max_position_embeddings: config.maxPositions + unusedPositions(config),
  }),
});

export const roberta = robertaLike('roberta', 'RobertaForSequenceClassification');
