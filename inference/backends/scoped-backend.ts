/**
 * The same backend, which knows what it made: tensors of a scope that its result does not have are read no more when it ends, and their
 * memory serves the next ones (core/words.ts). Tensors may share memory, as reshaped ones do: the first to have it decides whose it is.
 */
import { hold, release } from '../core/words.js';
import type { Backend, LocalOperations, Protocols, Scope } from './backend.js';
import { localOperations } from './local-operations.js';

/** What opens nothing, and gives tensors. */
type Making = Exclude<
  keyof Protocols,
  'prepare' | 'prepareFactors' | 'prepareShuffle' | 'reveal' | 'revealBits' | 'together'
>;

/** Complete: a name that is missing or too many does not compile. */
const MAKING: Readonly<Record<Making, true>> = {
  share: true,
  linear: true,
  matmul: true,
  multiply: true,
  square: true,
  multiplyPrivate: true,
  widen: true,
  round: true,
  isNegative: true,
  areNegative: true,
  and: true,
  toArithmetic: true,
  multiplex: true,
  lookUp: true,
  exponential: true,
  shuffle: true,
};

type Visit = (data: BigUint64Array | Uint8Array) => void;

/** Everything that a value holds words or bits in: tensors, and arrays and plain objects of such. */
function visitTensors(value: unknown, visit: Visit): void {
  if (typeof value === 'function') throw new TypeError('scope: expected tensors, got a function');
  if (typeof value !== 'object' || value === null) return;
  if (value instanceof BigUint64Array || value instanceof Uint8Array) visit(value);
  else if (!ArrayBuffer.isView(value)) for (const part of Object.values(value)) visitTensors(part, visit);
}

/** Scopes within each other, of one strand of work. */
class Scopes {
  /** Buffers that were first seen in each open scope, the innermost last. */
  readonly #open: Set<ArrayBufferLike>[] = [];

  constructor(outermost?: Set<ArrayBufferLike>) {
    if (outermost) this.#open.push(outermost);
  }

  /** Of what was just made. Held outside of any scope too: what is made of it in one may share its memory. */
  add<T>(made: T): T {
    const innermost = this.#open.at(-1);
    visitTensors(made, (data) => {
      if (hold(data)) innermost?.add(data.buffer);
    });
    return made;
  }

  begin(): Scope {
    const depth = this.#open.push(new Set());
    return {
      end: (result) => this.#leave(this.#open.splice(depth - 1)[0]!, result),
      // Something may be under way still.
      abandon: () => void this.#open.splice(depth - 1),
    };
  }

  /** What another strand leaves to this one. */
  adopt(buffers: Iterable<ArrayBufferLike>): void {
    const innermost = this.#open.at(-1);
    for (const buffer of buffers) innermost?.add(buffer);
  }

  #leave(made: Set<ArrayBufferLike>, result: unknown): void {
    visitTensors(result, ({ buffer }) => {
      if (made.delete(buffer)) this.adopt([buffer]);
    });
    for (const buffer of made) release(buffer);
  }
}

/** Each task has scopes of its own, since strands take turns within theirs. */
async function together<T>(
  mpc: Backend,
  scopes: Scopes,
  tasks: readonly ((mpc: Backend) => Promise<T>)[],
): Promise<T[]> {
  const left = tasks.map(() => new Set<ArrayBufferLike>());
  const results = await mpc.together!(
    tasks.map((task, i) => (lane: Backend) => task(overScopes(lane, new Scopes(left[i])))),
  );
  for (const buffers of left) scopes.adopt(buffers);
  return results;
}

function overScopes(mpc: Backend, scopes: Scopes): Backend {
  type Run = (...args: readonly unknown[]) => unknown;
  const local = Object.entries<Run>(localOperations(mpc) as never).map(([name, run]) => [
    name,
    (...args: readonly unknown[]) => scopes.add(run(...args)),
  ]);
  const making = Object.keys(MAKING).map((name) => {
    const run: Run = (mpc[name as Making] as Run).bind(mpc);
    return [name, async (...args: readonly unknown[]) => scopes.add(await run(...args))];
  });
  const made: LocalOperations & Pick<Protocols, Making> = Object.fromEntries([...local, ...making]);
  return {
    ...made,
    self: mpc.self,
    ...(mpc.outsourced && { outsourced: mpc.outsourced }),
    prepare: (source) => mpc.prepare(source),
    ...(mpc.prepareFactors && { prepareFactors: (y) => mpc.prepareFactors!(y) }),
    ...(mpc.prepareShuffle && { prepareShuffle: (rows) => mpc.prepareShuffle!(rows) }),
    reveal: (x, to, leak) => mpc.reveal(x, to, leak),
    revealBits: (bits, to, leak) => mpc.revealBits(bits, to, leak),
    ...(mpc.together && { together: (tasks) => together(mpc, scopes, tasks) }),
    scope: () => scopes.begin(),
  };
}

export const scopedBackend = (mpc: Backend): Backend => overScopes(mpc, new Scopes());
