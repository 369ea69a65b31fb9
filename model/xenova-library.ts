/** @xenova/transformers, an optional dependency: its parts that are used, and an error that says how to get it. */
import { withMissingPackageNamed } from '../util/errors.js';

export interface XenovaTokenizer {
  encode(text: string, pair: null, options: { add_special_tokens: boolean }): number[];
  (
    texts: readonly string[],
    options: { padding: boolean; truncation: boolean },
  ): { readonly input_ids: { tolist(): bigint[][] } };
}

export interface XenovaPipeline {
  readonly tokenizer: XenovaTokenizer;
  readonly model: (inputs: unknown) => Promise<{ readonly logits: { tolist(): number[][] } }>;
}

export interface XenovaLibrary {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  readonly PreTrainedTokenizer: new (tokenizer: unknown, config: unknown) => XenovaTokenizer;
  pipeline(
    task: 'text-classification',
    model: string,
    options: { readonly quantized: boolean; readonly local_files_only: boolean },
  ): Promise<XenovaPipeline>;
}

/** Throws MissingPackageError where it is not installed. */
export async function loadXenova(): Promise<XenovaLibrary> {
  try {
    return (await import('@xenova/transformers')) as unknown as XenovaLibrary;
  } catch (error) {
    throw withMissingPackageNamed(error);
  }
}
