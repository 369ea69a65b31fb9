/** The limits, places and turns that all workers share, where the process that listens keeps them. */
import { PeerClosedError } from '../../core/errors.js';
import { RefusedError, refusalOf } from '../../net/refusal.js';
import type { Gates } from '../clients.js';
import type { Limits } from '../limits.js';
import type { FromWorker, Outcome, Question, ToWorker } from './messages.js';

type Reply = Extract<ToWorker<never>, { readonly type: 'outcome' | 'wait' }>;
type Message = Extract<FromWorker, { readonly type: 'ask' | 'cancel' | 'leave' }>;

/** What one worker asks for and has. */
export class Counter {
  readonly #leases = new Map<number, () => void>();
  /** Asked, and neither answered nor cancelled. */
  readonly #open = new Set<number>();

  constructor(
    private readonly limits: Limits,
    private readonly gates: Gates,
    private readonly reply: (message: Reply) => void,
  ) {}

  take(message: Message): void {
    switch (message.type) {
      case 'ask':
        void this.#answer(message.id, message.question);
        break;
      case 'cancel':
        this.#open.delete(message.id);
        break;
      case 'leave':
        this.#giveBack(message.lease);
    }
  }

  /** The worker is gone: everything that it had is free. */
  close(): void {
    this.#open.clear();
    for (const lease of [...this.#leases.keys()]) this.#giveBack(lease);
  }

  #giveBack(lease: number): void {
    this.#leases.get(lease)?.();
    this.#leases.delete(lease);
  }

  async #answer(id: number, question: Question): Promise<void> {
    this.#open.add(id);
    let outcome: Outcome;
    try {
      const leave = await this.#ask(id, question);
      if (!this.#open.has(id)) return leave?.();
      if (leave) this.#leases.set(id, leave);
      outcome = { lease: leave ? id : null };
    } catch (error) {
      outcome =
        error instanceof RefusedError ? { refusal: refusalOf(error) } : { error: (error as Error).message };
    }
    if (this.#open.delete(id)) this.reply({ type: 'outcome', id, outcome });
  }

  async #ask(id: number, question: Question): Promise<(() => void) | null> {
    const { limits, gates } = this;
    switch (question.about) {
      case 'connections':
        return limits.connect(question.identity);
      case 'texts':
        await limits.texts(question.identity, question.count);
        return null;
      case 'material':
        await limits.material(question.identity, question.bytes);
        return null;
      default:
        return gates[question.about].enter(question.key, (wait) => {
          if (!this.#open.has(id)) throw new PeerClosedError('whoever waited has left');
          this.reply({ type: 'wait', id, wait });
        });
    }
  }
}
