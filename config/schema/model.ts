/** The network that a run begins with, and its tokenizer. */
import * as z from 'zod';
import { count, fraction, positive } from './numbers.js';

/** A new encoder with random weights. The vocabulary comes from the tokenizer, the labels from the task. */
const architecture = z
  .strictObject({
    layers: count,
    heads: count,
    hiddenSize: count,
    intermediateSize: count,
    maxPositions: count.default(512),
    tokenTypes: count.default(2),
    layerNormEpsilon: positive.default(1e-12),
    /** Standard deviation of the initial weights. */
    initializerRange: positive.default(0.02),
  })
  .refine((a) => a.hiddenSize % a.heads === 0, { message: 'hiddenSize must be a multiple of heads' });

export const model = z
  .strictObject({
    architecture: architecture.optional(),
    /** Hugging Face checkpoint: a directory, or a name on the hub. */
    checkpoint: z.string().min(1).optional(),
    /** Which of the library of word-piece tokenizers: read with the checkpoint, or learned from the training text. */
    tokenizer: z
      .strictObject({
        source: z.enum(['checkpoint', 'learned', 'file']).default('checkpoint'),
        /** For `file`: a vocab.txt or a directory with tokenizer.json. */
        path: z.string().min(1).optional(),
        /** For `learned`. */
        vocabularySize: count.default(6000),
      })
      .prefault({}),
    /** Longest input in tokens, special tokens included; longer texts are truncated. */
    maxTokens: count.default(128),
    dropout: fraction.default(0.1),
    attentionDropout: fraction.default(0.1),
    freezeEmbeddings: z.boolean().default(false),
  })
  .refine((m) => (m.architecture === undefined) !== (m.checkpoint === undefined), {
    message: 'expected exactly one of architecture (random weights) and checkpoint (pretrained weights)',
  });
