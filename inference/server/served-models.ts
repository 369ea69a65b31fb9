/** The models behind one port, by name. A client chooses by name, or by digest; whoever says nothing gets the first. */
import type { WantedModel } from '../net/server-handshake.js';
import { refusal } from '../net/refusal.js';
import type { ServedModel } from './serve-connection.js';

export class ServedModels {
  #models: ReadonlyMap<string, ServedModel>;

  constructor(models: ReadonlyMap<string, ServedModel>) {
    this.#models = models;
  }

  get names(): readonly string[] {
    return [...this.#models.keys()].filter((name) => name !== '');
  }

  /** Clients that come from now on get these; those that are here keep what they have. */
  replace(models: ReadonlyMap<string, ServedModel>): void {
    this.#models = models;
  }

  /** @throws RefusedError if there is none of that name */
  choose({ modelName, modelDigest }: WantedModel): ServedModel {
    const [first] = this.#models.values();
    if (modelName !== null) {
      const named = this.#models.get(modelName);
      if (named) return named;
      throw refusal(
        'model',
        `no model ${modelName}, there is ${this.names.join(', ') || 'one without a name'}`,
      );
    }
    const withDigest = [...this.#models.values()].find(({ terms }) => terms.modelDigest === modelDigest);
    return withDigest ?? first!;
  }
}
