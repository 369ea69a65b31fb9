/** Keeps material for the next texts ready: which texts to expect, and how much of it the server keeps. */
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { Demand } from '../material/demand.js';
import { demandOf } from '../cost/demand-of.js';
import type { LayerCounts } from '../run/party.js';
import { bucketOf } from '../run/request.js';
import type { Client } from './client.js';

/** A text of a sentence or two, where nothing is known. */
const USUAL_TOKENS = 32;

/**
 * What pruning may leave, before any text told: layer by layer an equal part of the tokens goes, and half of the others are
 * important. An artifact does not say, since that would tell about its thresholds. What is not used serves later texts.
 */
export function guessedCounts({ config }: Pick<PublicModel, 'config'>, bucket: number): LayerCounts[] {
  return Array.from({ length: config.layers }, (_, layer) => {
    const kept = Math.max(1, Math.round(bucket * (1 - (layer + 1) / config.layers)));
    return { kept, important: Math.ceil(kept / 2) };
  });
}

export interface Expected {
  /** Texts that will come at most. */
  readonly remaining?: number;
  /** Padded length of the first text, if it is known. */
  readonly bucket?: number | undefined;
  /** Asked between short steps: a text has come. Without it everything is made. */
  readonly shouldStop?: () => boolean;
}

export class Warmer {
  #noted = false;

  constructor(
    private readonly client: Pick<Client, 'ahead' | 'answer' | 'model'>,
    /** Told, once, if material cannot be made as it should. */
    private readonly onNote: (line: string) => void,
  ) {}

  /** Makes what `most` texts lack: for texts like the last ones or, before any, for ones of this length. */
  async fill(most: number, { remaining = Number.POSITIVE_INFINITY, bucket, shouldStop }: Expected = {}) {
    const { ahead } = this.client;
    const texts = Math.min(most, remaining);
    if (texts <= 0) return;
    if (!ahead) return this.#note('the server makes nothing ahead (serve --ahead-memory)');
    const wanted = ahead.expected(texts) ?? (await this.#guess(bucket)).times(texts);
    const target = ahead.within(wanted);
    if (target !== wanted)
      this.#note(
        `the server keeps ${ahead.limitBytes / 1e6} MB of material: not for ${texts} ${texts === 1 ? 'text' : 'texts'}`,
      );
    if ((await ahead.fill(target, shouldStop)) === 'refused')
      this.#note('the server keeps no more material; the rest is made on demand');
  }

  async #guess(bucket = bucketOf(Math.min(USUAL_TOKENS, this.client.model.maxTokens))): Promise<Demand> {
    const { model, answer } = this.client;
    const demand = await demandOf(model, { bucket, schedule: guessedCounts(model, bucket), answer });
    return demand.withMargin(bucket);
  }

  #note(line: string): void {
    if (!this.#noted) this.onNote(line);
    this.#noted = true;
  }
}
