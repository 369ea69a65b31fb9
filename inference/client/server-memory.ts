/**
 * Trust on first use: which model a server had when this client first met it. A client that pins no digest accepts a
 * server's model once and is told when another one answers at the same address, before anything of a text is used.
 */
import { ModelChangedError } from './model-changed-error.js';

/** Where it is kept is another's business. */
export abstract class ServerMemory {
  constructor(
    /** A changed model is accepted and remembered in place of the old one. */
    private readonly acceptChanged = false,
  ) {}

  /** The model's digest as it was seen at `address`; null: never, or what is kept is damaged. */
  abstract seen(address: string): Promise<string | null>;

  /** False: it cannot be kept, and the server stays unknown. */
  abstract remember(address: string, digest: string): Promise<boolean>;

  /**
   * Is this the first meeting?
   * @throws ModelChangedError if the server had another model before and changes are not accepted
   */
  async check(address: string, digest: string): Promise<boolean> {
    const before = await this.seen(address);
    if (before !== null && before !== digest && !this.acceptChanged)
      throw new ModelChangedError(
        `${address} had the model ${before} and now has ${digest}: its weights, thresholds or tokenizer are others`,
      );
    return before !== digest;
  }
}

const DIGEST = /^[0-9a-f]{64}$/;

/** What was kept, if it is a digest. */
export const digestOrNull = (text: string | undefined): string | null =>
  text !== undefined && DIGEST.test(text.trim()) ? text.trim() : null;
