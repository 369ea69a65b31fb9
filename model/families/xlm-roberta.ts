/** XLM-RoBERTa (Conneau et al., ACL 2020): RoBERTa with the names of its tensors and a Unigram tokenizer of 100 languages. */
import { robertaLike } from './roberta.js';

export const xlmRoberta = robertaLike('xlm-roberta', 'XLMRobertaForSequenceClassification');
