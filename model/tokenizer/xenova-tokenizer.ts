/** The tokenizer behind @xenova/transformers, an optional dependency: to compare with, or on request. */
import { TemplateTokenizer, type Tokenizer } from './tokenizer.js';
import { parseTokenizerFiles, TokenizerError, type TokenizerFiles } from './tokenizer-files.js';

interface XenovaModule {
  readonly PreTrainedTokenizer: new (
    tokenizer: unknown,
    config: unknown,
  ) => { encode(text: string, pair: null, options: { add_special_tokens: boolean }): number[] };
}

/** The same special tokens, pairs and truncation around the library's splitting. Throws TokenizerError if not installed. */
export async function createXenovaTokenizer(files: TokenizerFiles): Promise<Tokenizer> {
  const parsed = parseTokenizerFiles(files);
  let library: XenovaModule;
  try {
    library = (await import('@xenova/transformers')) as unknown as XenovaModule;
  } catch (error) {
    throw new TokenizerError(
      `@xenova/transformers cannot be loaded; install it with: npm install @xenova/transformers (${(error as Error).message})`,
    );
  }
  const json: unknown = JSON.parse(files['tokenizer.json']!);
  const config: unknown = JSON.parse(files['tokenizer_config.json'] ?? '{}');
  const tokenizer = new library.PreTrainedTokenizer(json, config);
  return new TemplateTokenizer(files, parsed, (text) =>
    tokenizer.encode(text, null, { add_special_tokens: false }),
  );
}
