/** The tokenizer of a checkpoint's folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TokenizerError } from './tokenizer-error.js';
import {
  parseJson,
  parseTokenizerFiles,
  parseVocabularyText,
  type TokenizerFiles,
  tokenizerFilesFromVocabulary,
} from './tokenizer-files.js';
import { applySettings, settingsSchema, type TokenizerSettings } from './tokenizer-settings.js';

async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Tokenizers that split by other rules before they look into vocab.txt. */
const VOCABULARY_CLASSES = /^(Bert|DistilBert|Electra|MobileBert|Pre)?(TrainedTokenizer|Tokenizer)(Fast)?$/;

function filesFromVocabularyText(
  text: string,
  settings: TokenizerSettings,
  directory: string,
): TokenizerFiles {
  const name = settings.tokenizer_class;
  if (name && !VOCABULARY_CLASSES.test(name))
    throw new TokenizerError(
      `${directory}: tokenizer_config.json: tokenizer_class: ${JSON.stringify(name)} needs a tokenizer.json; from vocab.txt only BERT's rules are known`,
    );
  const tokens = parseVocabularyText(text);
  const files = tokenizerFilesFromVocabulary(tokens, {
    lowercase: settings.do_lower_case ?? true,
    stripAccents: settings.strip_accents ?? null,
    splitChinese: settings.tokenize_chinese_chars ?? true,
  });
  // Tokens that the settings add to the vocabulary would be missed without a word.
  const { json, ids } = parseTokenizerFiles(files);
  applySettings(json, settings, ids, { cls: '[CLS]', separator: '[SEP]' });
  return files;
}

/** Reads the tokenizer of a checkpoint directory: `tokenizer.json`, or else `vocab.txt`. */
export async function readTokenizerFiles(directory: string): Promise<TokenizerFiles> {
  const config = await readIfPresent(join(directory, 'tokenizer_config.json'));
  const tokenizer = await readIfPresent(join(directory, 'tokenizer.json'));
  if (tokenizer !== null)
    return { 'tokenizer.json': tokenizer, ...(config === null ? {} : { 'tokenizer_config.json': config }) };
  const vocabulary = await readIfPresent(join(directory, 'vocab.txt'));
  if (vocabulary === null)
    throw new TokenizerError(
      `${directory}: expected tokenizer.json or vocab.txt (a tokenizer of the reference library becomes one by save_pretrained)`,
    );
  if ((await readIfPresent(join(directory, 'added_tokens.json'))) !== null)
    throw new TokenizerError(
      `${directory}: added_tokens.json: beside vocab.txt, tokens that are added later are not supported; expected tokenizer.json`,
    );
  const file = `${directory}/tokenizer_config.json`;
  return filesFromVocabularyText(vocabulary, parseJson(config ?? '{}', file, settingsSchema), directory);
}
