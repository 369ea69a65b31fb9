/** The limits, places and turns of a worker: it asks the process that listens, which counts for all (front-desk.ts). */
import type { Wait } from '../../net/notice.js';
import { RefusedError } from '../../net/refusal.js';
import type { Gate } from '../admission.js';
import type { Gates } from '../clients.js';
import type { Limits } from '../limits.js';
import type { FromWorker, Outcome, Question, ToWorker } from './messages.js';

interface Asked {
  readonly tell: (wait: Wait) => void;
  readonly resolve: (leave: () => void) => void;
  readonly reject: (error: Error) => void;
}

const NOBODY_WAITS = (): void => undefined;

export class RemoteDesk implements Limits {
  readonly #asked = new Map<number, Asked>();
  #next = 0;
  readonly gates: Gates = { places: this.#gate('places'), turns: this.#gate('turns') };

  constructor(private readonly send: (message: FromWorker) => void) {}

  connect(identity: string): Promise<() => void> {
    return this.#ask({ about: 'connections', identity });
  }

  async texts(identity: string, count: number): Promise<void> {
    await this.#ask({ about: 'texts', identity, count });
  }

  async material(identity: string, bytes: number): Promise<void> {
    await this.#ask({ about: 'material', identity, bytes });
  }

  take(message: Extract<ToWorker<never>, { readonly type: 'outcome' | 'wait' }>): void {
    const asked = this.#asked.get(message.id);
    if (message.type === 'wait') {
      if (asked) this.#tell(message.id, asked, message.wait);
      return;
    }
    this.#asked.delete(message.id);
    const { outcome } = message;
    if (asked) this.#settle(asked, outcome);
    else if ('lease' in outcome && outcome.lease !== null) this.send({ type: 'leave', lease: outcome.lease });
  }

  /** Who is told may be gone: then nobody waits any more. */
  #tell(id: number, { tell, reject }: Asked, wait: Wait): void {
    try {
      tell(wait);
    } catch (error) {
      this.#asked.delete(id);
      this.send({ type: 'cancel', id });
      reject(error as Error);
    }
  }

  #settle({ resolve, reject }: Asked, outcome: Outcome): void {
    if ('refusal' in outcome) reject(new RefusedError(outcome.refusal));
    else if ('error' in outcome) reject(new Error(outcome.error));
    else {
      const { lease } = outcome;
      let isLeft = lease === null;
      resolve(() => {
        if (isLeft) return;
        isLeft = true;
        this.send({ type: 'leave', lease: lease! });
      });
    }
  }

  #ask(question: Question, tell: (wait: Wait) => void = NOBODY_WAITS): Promise<() => void> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { tell, resolve, reject });
      this.send({ type: 'ask', id, question });
    });
  }

  /** Its queue is the other process's, which closes it too. */
  #gate(about: 'places' | 'turns'): Gate {
    return {
      waiting: 0,
      enter: (key, tell) => this.#ask({ about, key }, tell),
      close: () => undefined,
    };
  }
}
