/** How many there are of each network of addresses. */
import { networkOf } from './network.js';

export class PerNetwork {
  readonly #counts = new Map<string, number>();

  of(address: string): number {
    return this.#counts.get(networkOf(address)) ?? 0;
  }

  /** One more. → what takes it off again, to be called once */
  add(address: string): () => void {
    const network = networkOf(address);
    this.#counts.set(network, this.of(address) + 1);
    return () => {
      const left = this.of(address) - 1;
      if (left > 0) this.#counts.set(network, left);
      else this.#counts.delete(network);
    };
  }
}
