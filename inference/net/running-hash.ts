/** A keyed hash of a stream of bytes (kernels/src/transcript/running-hash.h): several gigabytes a second, and the same in browsers. */
import { kernels } from '#kernels';

const STATE_BYTES = 1_072;
const DIGEST_BYTES = 32;
/** Uniform and secret. It collides for streams that were made without knowledge of its key, and for no others is anything said. */
export const RUNNING_HASH_KEY_BYTES = 1_064;

export class RunningHash {
  readonly #key: Uint8Array;
  readonly #state = new Uint8Array(STATE_BYTES);

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  update(bytes: Uint8Array): void {
    kernels.runningHashUpdate({ key: this.#key, state: this.#state, bytes });
  }

  /** Of what came so far [32]. Whoever sees it learns of the key: it goes into a tag, never to anybody. */
  digest(): Uint8Array {
    const digest = new Uint8Array(DIGEST_BYTES);
    kernels.runningHashDigest({ key: this.#key, state: this.#state, digest });
    return digest;
  }
}
