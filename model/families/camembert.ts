/** CamemBERT (Martin et al., ACL 2020): RoBERTa in French, with the names of its tensors and a Unigram tokenizer. */
import { robertaLike } from './roberta.js';

export const camembert = robertaLike('camembert', 'CamembertForSequenceClassification');
