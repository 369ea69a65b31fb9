/** Classification in the clear, with the same fixed-point arithmetic: what the private result must equal. */
import type { PublicModel } from '../../model/artifact/artifact.js';
import { type ArtifactParts, readArtifact } from '../../model/artifact/artifact-file.js';
import { createTokenizer, type Tokenizer } from '../../model/tokenizer/tokenizer.js';
import { CleartextBackend } from '../backends/cleartext/cleartext-backend.js';
import { FINEST_LOGITS } from '../core/answer.js';
import { nextTask } from '../core/next-task.js';
import { withSpan } from '../core/span.js';
import { Meter, NO_COST } from '../session/meter.js';
import { type Classification, classificationOf } from './classification.js';
import { openEngine } from './engine.js';
import type { Party } from './party.js';
import { bucketOf } from './request.js';
import { type TextInput, textOrPair } from './text-input.js';

export class CleartextClassifier {
  private constructor(
    readonly model: PublicModel,
    /** Of the public part: what the handshake compares. */
    readonly digest: string,
    readonly tokenizer: Tokenizer,
    private readonly party: Party,
  ) {}

  static async open(directory: string): Promise<CleartextClassifier> {
    return CleartextClassifier.of(await readArtifact(directory));
  }

  static async of({ artifact, publicPart }: Pick<ArtifactParts, 'artifact' | 'publicPart'>) {
    const party = await openEngine(new CleartextBackend(), artifact, FINEST_LOGITS);
    const tokenizer = createTokenizer(artifact.public.tokenizerFiles, artifact.public.config);
    return new CleartextClassifier(artifact.public, publicPart.digest, tokenizer, party);
  }

  /** Computes in one piece; signals and other work have their turn before. */
  async classify(input: TextInput): Promise<Classification> {
    await new Promise<void>(nextTask);
    const { text, textPair } = textOrPair(input);
    const encoding = this.tokenizer.encode(text, textPair, this.model.maxTokens);
    const bucket = bucketOf(encoding.ids.length);
    const meter = new Meter();
    const result = await withSpan(meter.span, () => this.party.classify(encoding, bucket));
    return classificationOf({
      text,
      textPair,
      tokens: encoding.ids.length,
      truncatedTokens: encoding.droppedTokens,
      bucket,
      model: this.model,
      result,
      report: meter.finish(),
      offline: NO_COST,
      leaks: [],
      answer: FINEST_LOGITS,
    });
  }
}
