/** The trained float model as a classifier, to set private inference beside. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Classification } from '../../inference/run/classification.js';
import { bucketOf } from '../../inference/run/request.js';
import { type TextInput, type TextOrPair, textOrPair } from '../../inference/run/text-input.js';
import { NO_COST } from '../../inference/session/meter.js';
import { readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { answerText, argmax, outcomeOf, probabilitiesOf } from '../../model/outputs.js';
import { createTokenizer, type Tokenizer } from '../../model/tokenizer/tokenizer.js';
import { useBackend } from '../../training/backend/setup.js';
import { traceTokens } from '../../training/evaluate/token-trace.js';
import { type ModelState, stateOfCheckpoint } from '../../training/network/model-state.js';
import type { Classifier } from './evaluation.js';

/** What is sent in float: nothing. */
const FREE = {
  milliseconds: 0,
  sentBytes: 0,
  receivedBytes: 0,
  rounds: 0,
  offline: NO_COST,
};

/** Of a single-precision number. */
const FLOAT_BITS = 23;

export class FloatClassifier implements Classifier {
  private constructor(
    private readonly state: ModelState,
    private readonly tokenizer: Tokenizer,
  ) {}

  /** `directory`: a checkpoint, or the folder of a run, which stands for its result. */
  static async open(directory: string): Promise<FloatClassifier> {
    await useBackend('auto');
    const final = join(directory, 'final');
    const checkpoint = await readCheckpoint(existsSync(final) ? final : directory);
    return new FloatClassifier(
      stateOfCheckpoint(checkpoint),
      createTokenizer(checkpoint.tokenizerFiles, checkpoint.config),
    );
  }

  get model() {
    return this.state;
  }

  async classify(input: TextInput): Promise<Classification> {
    return (await this.classifyBatch([textOrPair(input)]))[0]!;
  }

  async classifyBatch(texts: readonly TextOrPair[]): Promise<Classification[]> {
    const { config } = this.state;
    const encodings = texts.map(({ text, textPair }) =>
      this.tokenizer.encode(text, textPair, this.state.maxTokens),
    );
    const started = performance.now();
    const traces = await traceTokens(
      this.state,
      encodings.map(({ ids, tokenTypes }, index) => ({
        index,
        ids: Int32Array.from(ids),
        types: Int32Array.from(tokenTypes),
        label: Number.NaN,
      })),
    );
    const milliseconds = (performance.now() - started) / texts.length;
    return traces.map(({ logits, kept, important }, i) => {
      const label = argmax(logits);
      return {
        ...texts[i]!,
        label,
        labelName: answerText(config, outcomeOf(logits)),
        answer: 'logits',
        answerBits: FLOAT_BITS,
        logits,
        probabilities: probabilitiesOf(config.problem, logits),
        tokens: encodings[i]!.ids.length,
        truncatedTokens: encodings[i]!.droppedTokens,
        bucket: bucketOf(encodings[i]!.ids.length),
        layers: kept.map((count, layer) => ({
          kept: count,
          important: important[layer]!,
          milliseconds: 0,
          bytes: 0,
          rounds: 0,
        })),
        cost: { ...FREE, milliseconds },
        leaks: [],
      };
    });
  }
}
