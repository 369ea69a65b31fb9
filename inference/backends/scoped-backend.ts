/**
 * The same backend, which knows what it made: tensors of a scope that its result does not have are read no more when it ends, and their
 * memory serves the next ones (core/words.ts). Tensors may share memory, as reshaped ones do: the first to have it decides whose it is.
 */
import type { SharedTensor } from '../core/tensors.js';
import { hold, letGo, release } from '../core/words.js';
import type { Backend, MadeRows, Protocols, RowsWay, Scope } from './backend.js';
import { LOCAL_OPERATIONS } from './local-operations.js';

/** What opens nothing, and gives tensors. */
type Making = Exclude<
  keyof Protocols,
  | 'prepare'
  | 'prepareFactors'
  | 'prepareShuffle'
  | 'reveal'
  | 'revealBits'
  | 'together'
  | 'lines'
  | 'largest'
  | 'ifMade'
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
  else if (!ArrayBuffer.isView(value)) visitParts(value as Parts, visit);
}

type Parts = Readonly<Record<string, unknown>>;

/** Shapes and formats, of which most parts are, hold nothing; a tensor's other parts are such. */
function visitParts(parts: Parts, visit: Visit): void {
  if (parts.data instanceof BigUint64Array || parts.data instanceof Uint8Array) {
    visit(parts.data);
    return;
  }
  if (Array.isArray(parts) && typeof parts[0] === 'number') return;
  for (const name of Object.keys(parts)) {
    const part = parts[name];
    if (typeof part !== 'number') visitTensors(part, visit);
  }
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

/** What forwards to `mpc` stands in the prototype below: strands come and go, each with one of these. */
class ScopedBackend {
  readonly self: Backend['self'];
  readonly outsourced?: boolean;
  readonly prepareFactors?: Backend['prepareFactors'];
  readonly prepareShuffle?: Backend['prepareShuffle'];
  readonly lines?: NonNullable<Backend['lines']>;
  readonly largest?: NonNullable<Backend['largest']>;
  readonly ifMade?: NonNullable<Backend['ifMade']>;
  readonly together?: NonNullable<Backend['together']>;

  constructor(
    readonly mpc: Backend,
    readonly scopes: Scopes,
  ) {
    this.self = mpc.self;
    if (mpc.outsourced) this.outsourced = true;
    if (mpc.prepareFactors) this.prepareFactors = (y) => mpc.prepareFactors!(y);
    if (mpc.prepareShuffle) this.prepareShuffle = (rows) => mpc.prepareShuffle!(rows);
    if (mpc.lines) this.lines = (x, table, otherwise) => this.#lines(x, table, otherwise);
    if (mpc.largest) this.largest = (x, steps, otherwise) => this.#largest(x, steps, otherwise);
    if (mpc.ifMade) this.ifMade = (x, wanted, ahead, otherwise) => this.#ifMade(x, wanted, ahead, otherwise);
    if (mpc.together) this.together = (tasks) => this.#together(tasks);
  }

  prepare: Backend['prepare'] = (source) => this.mpc.prepare(source);
  reveal: Backend['reveal'] = (x, to, leak) => this.mpc.reveal(x, to, leak);
  revealBits: Backend['revealBits'] = (bits, to, leak) => this.mpc.revealBits(bits, to, leak);

  scope(): Scope {
    return this.scopes.begin();
  }

  async #lines(...[x, table, otherwise]: Parameters<NonNullable<Backend['lines']>>): Promise<SharedTensor> {
    const within = (lane: Backend, y: SharedTensor) => otherwise(scopedOver(lane, this.scopes), y);
    return this.scopes.add(await this.mpc.lines!(x, table, within));
  }

  async #largest(
    ...[x, steps, otherwise]: Parameters<NonNullable<Backend['largest']>>
  ): Promise<SharedTensor> {
    const within = (lane: Backend, y: SharedTensor) => otherwise(scopedOver(lane, this.scopes), y);
    return this.scopes.add(await this.mpc.largest!(x, steps, within));
  }

  async #ifMade(
    ...[x, wanted, ahead, otherwise]: Parameters<NonNullable<Backend['ifMade']>>
  ): Promise<MadeRows> {
    const within =
      (way: RowsWay): RowsWay =>
      (lane, y) =>
        way(scopedOver(lane, this.scopes), y);
    return this.scopes.add(await this.mpc.ifMade!(x, wanted, within(ahead), within(otherwise)));
  }

  /** Each task has scopes of its own, since strands take turns within theirs. */
  async #together<T>(tasks: readonly ((mpc: Backend) => Promise<T>)[]): Promise<T[]> {
    const left = tasks.map(() => new Set<ArrayBufferLike>());
    const results = await this.mpc.together!(
      tasks.map((task, i) => (lane: Backend) => task(scopedOver(lane, new Scopes(left[i])))),
    );
    for (const buffers of left) this.scopes.adopt(buffers);
    return results;
  }
}

type Run = (...args: readonly unknown[]) => unknown;
type Forwarded = Readonly<Record<string, Run>>;

function forward(name: string, value: (this: ScopedBackend, ...args: readonly unknown[]) => unknown): void {
  Object.defineProperty(ScopedBackend.prototype, name, { value });
}

for (const name of LOCAL_OPERATIONS)
  forward(name, function (...args) {
    return this.scopes.add((this.mpc as unknown as Forwarded)[name]!(...args));
  });
for (const name of Object.keys(MAKING))
  forward(name, function (...args) {
    const made = (this.mpc as unknown as Forwarded)[name]!(...args) as Promise<unknown>;
    return made.then((tensors) => this.scopes.add(tensors));
  });

const scopedOver = (mpc: Backend, scopes: Scopes): Backend =>
  new ScopedBackend(mpc, scopes) as unknown as Backend;

/** With strands, as what `scopedBackend` makes of it. */
export type Joining = Backend & Required<Pick<Backend, 'together'>>;

/**
 * A backend's own chain of operations on x, likewise: of what it makes only its result is left, which is nobody's: who asked for it may hold it. x is
 * the caller's throughout.
 */
export async function withinScope(
  mpc: Joining,
  x: SharedTensor,
  body: (lane: Joining) => Promise<SharedTensor>,
): Promise<SharedTensor> {
  const left = new Set<ArrayBufferLike>();
  visitTensors(x, (data) => {
    if (hold(data)) left.add(data.buffer);
  });
  const scopes = new Scopes(left);
  const scope = scopes.begin();
  const result = await body(scopedOver(mpc, scopes) as Joining);
  scope.end(result);
  for (const buffer of left) letGo(buffer);
  return result;
}

export const scopedBackend = (mpc: Backend): Backend => scopedOver(mpc, new Scopes());
