/** `tokenize`: the pieces and ids of a text as a model reads them, and what is cut off. */
import { checkpointFolder } from '../../experiments/evaluate/subject.js';
import { readPublicPart } from '../../model/artifact/artifact-file.js';
import { maxTokensOf, readCheckpointHead } from '../../model/checkpoint/checkpoint.js';
import { resolveCheckpoint } from '../../model/checkpoint/hub.js';
import type { Tokenizer } from '../../model/tokenizer/tokenizer.js';
import { readTokenizerFiles } from '../../model/tokenizer/read-tokenizer-files.js';
import { openTokenizer } from '../../model/tokenizer/tokenizer-library.js';
import { UsageError } from '../../util/errors.js';
import { note } from '../../util/note.js';
import { defineCommand, type OptionsOf } from '../command.js';
import { jsonOption, tokenizerLibraryOption } from '../model-options.js';
import { optional, wholeNumber } from '../options.js';
import { print, printJson } from '../output.js';
import { formatOption } from '../own-data-options.js';
import { readTexts } from '../texts.js';

type TokenizeOptions = OptionsOf<typeof OPTIONS>;

interface Reader {
  readonly tokenizer: Tokenizer;
  readonly maxTokens: number;
}

async function readerOf({ artifact, checkpoint, tokenizerLibrary }: TokenizeOptions): Promise<Reader> {
  if ((artifact === undefined) === (checkpoint === undefined))
    throw new UsageError('tokenize: expected either --artifact or --checkpoint');
  if (artifact !== undefined) {
    const { model } = await readPublicPart(artifact);
    return {
      tokenizer: await openTokenizer(model.tokenizerFiles, model.config, tokenizerLibrary),
      maxTokens: model.maxTokens,
    };
  }
  const folder = checkpointFolder(await resolveCheckpoint(checkpoint!));
  const head = await readCheckpointHead(folder);
  return {
    tokenizer: await openTokenizer(await readTokenizerFiles(folder), head.config, tokenizerLibrary),
    maxTokens: maxTokensOf(head),
  };
}

async function tokenize(options: TokenizeOptions): Promise<void> {
  const { textColumn, textPairColumn, json } = options;
  const reader = await readerOf(options);
  const asked = { text: textColumn ?? null, textPair: textPairColumn ?? null, label: null };
  const { inputs, notes } = await readTexts({ ...options, asked });
  for (const line of notes) note(line);
  const maxTokens = options.maxTokens ?? reader.maxTokens;
  for (const { text, textPair } of inputs) {
    const {
      ids,
      tokens: pieces,
      tokenTypes,
      droppedTokens,
    } = reader.tokenizer.encode(text, textPair, maxTokens);
    if (json) {
      printJson({ text, textPair, ids, pieces, tokenTypes, dropped: droppedTokens, maxTokens });
      continue;
    }
    print(pieces.map((piece, at) => `${piece}/${ids[at]}`).join(' '));
    const cut =
      droppedTokens === 0
        ? ''
        : `; ${droppedTokens} more ${droppedTokens === 1 ? 'is' : 'are'} cut off, the longest input is ${maxTokens}`;
    print(`  ${ids.length} tokens${cut}`);
  }
}

const OPTIONS = {
  artifact: { type: 'string', describe: 'Folder of an exported model', requiresArg: true },
  checkpoint: { type: 'string', describe: 'Checkpoint or run, or a name on the hub', requiresArg: true },
  text: { type: 'string', array: true, describe: 'A text; may be repeated', requiresArg: true },
  'text-pair': { type: 'string', array: true, describe: 'Its second text', requiresArg: true },
  file: { type: 'string', describe: 'Texts, of whatever format', requiresArg: true },
  'text-column': { type: 'string', describe: "The file's column of texts; guessed", requiresArg: true },
  'text-pair-column': { type: 'string', describe: 'Its column of second texts', requiresArg: true },
  format: formatOption,
  'max-tokens': {
    type: 'string',
    describe: "Longest input, special tokens included; the model's by default",
    coerce: optional(wholeNumber('max-tokens', 4)),
  },
  'tokenizer-library': tokenizerLibraryOption,
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'tokenize',
  describe: 'Show the pieces and ids of a text, and what is cut off',
  options: OPTIONS,
  handler: tokenize,
});
