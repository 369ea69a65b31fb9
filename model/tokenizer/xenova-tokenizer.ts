/** The tokenizer behind @xenova/transformers: on request, and to compare with. */
import { loadXenova } from '../xenova-library.js';
import { type PairModel, TemplateTokenizer, type Tokenizer } from './tokenizer.js';
import { parseTokenizerFiles, type TokenizerFiles } from './tokenizer-files.js';
import type { SimplePreTokenizer, TokenizerJson } from './tokenizer-schema.js';

/** Where a mark begins the text, older files said so by a flag. */
const withFlag = (step: SimplePreTokenizer): unknown =>
  step.type === 'Metaspace'
    ? { ...step, add_prefix_space: step.add_prefix_space ?? step.prepend_scheme !== 'never' }
    : step;

function oldPreTokenizer(literal: TokenizerJson['pre_tokenizer']): unknown {
  if (literal === null) return null;
  return literal.type === 'Sequence'
    ? { ...literal, pretokenizers: literal.pretokenizers.map(withFlag) }
    : withFlag(literal);
}

function oldModel({ model }: TokenizerJson): unknown {
  if (model.type !== 'BPE') return model;
  const merges = model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  return { ...model, merges };
}

/** As the library's version reads it. */
const asOldFormat = (json: TokenizerJson): unknown => ({
  ...json,
  pre_tokenizer: oldPreTokenizer(json.pre_tokenizer),
  model: oldModel(json),
  decoder: null,
});

/**
 * The library's splitting with our special tokens, pairs and truncation around it. The files are held to the same rules, and it gets
 * them as these were read. Throws MissingPackageError if it is not installed.
 */
export async function createXenovaTokenizer(files: TokenizerFiles, model?: PairModel): Promise<Tokenizer> {
  const parsed = parseTokenizerFiles(files);
  const { PreTrainedTokenizer } = await loadXenova();
  const config: unknown = JSON.parse(files['tokenizer_config.json'] ?? '{}');
  const tokenizer = new PreTrainedTokenizer(asOldFormat(parsed.json), config);
  const split = (text: string): number[] => tokenizer.encode(text, null, { add_special_tokens: false });
  return new TemplateTokenizer(files, parsed, split, model);
}
