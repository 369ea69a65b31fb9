/**
 * INSECURE, for debugging only: both parties in one process, and after every operation their shares are put together
 * and compared with what the cleartext backend makes of the same (reconstructed) inputs. Whoever runs this sees
 * everything. Protocols must be exact, except for `truncateReduce` (one unit in the last place), `exponential` (two), and products
 * of which the caller says that they will be cut (a unit of what is left).
 */
import { kernels } from '#kernels';
import type { Backend, ShuffleRows, Weight, WeightSource } from '../backends/backend.js';
import { CleartextBackend } from '../backends/cleartext/cleartext-backend.js';
import { bitsOf, dataOf, localBits, localTensor } from '../backends/local-backend.js';
import type { RingFormat } from '../core/ring-tensor.js';
import { sizeOf } from '../core/shape.js';
import { withSpan } from '../core/span.js';
import type { PartyId, PrivateTensor, SharedBits, SharedTensor } from '../core/tensors.js';
import { type Difference, differenceOf, shuffleDifference } from './differences.js';
import { type Call, PathSpan, recorded } from './recorded-backend.js';

interface QueuedCall extends Call {
  /** Whether an argument, or the operation, is one of what the parties' numbers may differ in. */
  readonly isLoose: boolean;
}

/** What one operation, or all below one place, came to. */
export interface Comparison {
  /** First name of the path: `layer0`, … or the operation's own place outside of layers. */
  readonly place: string;
  operations: number;
  elements: number;
  /** Largest differences in units in the last place, by operation, where one is allowed: at most 2. */
  readonly differences: Record<string, number>;
  /** Of all these operations. */
  readonly truncationDifference: number;
  /** Operations that differ by more than allowed, by path. */
  readonly mismatches: string[];
}

/** Differences allowed, in units in the last place; every other operation is exact. */
const TOLERANCE: Readonly<Record<string, number>> = { truncateReduce: 1, exponential: 2 };

/** Where products have what they will be cut to (Backend.linear: `into`). */
const PLACE_OF_CUT: Readonly<Record<string, number>> = { multiply: 4, square: 3, multiplyPrivate: 2 };

/** Bits that will be cut off a result. */
function cutBits({ operation, args }: Pick<Call, 'operation' | 'args'>, result: unknown): number {
  const into = args[PLACE_OF_CUT[operation] ?? -1] as RingFormat | undefined;
  return into ? Math.max(0, (result as SharedTensor).fractionBits - into.fractionBits) : 0;
}

/** Of arguments that may be outside of what these operations are for: what comes of them is dropped by a later selection. */
const UNDEFINED_OF_LOOSE: ReadonlySet<string> = new Set(['widen', 'square', 'multiply', 'exponential']);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);

class Comparer {
  readonly #oracle = new CleartextBackend();
  readonly #weights = new Map<unknown, Weight>();
  readonly #queues: Record<PartyId, QueuedCall[]> = { server: [], client: [] };
  readonly places = new Map<string, Omit<Comparison, 'truncationDifference'>>();
  /** Comparisons run one after another, behind the protocols. */
  #work: Promise<void> = Promise.resolve();

  /** What follows from `narrowLoosely`, until a selection: there the parties' numbers may differ from the oracle's. */
  readonly #loose = new WeakSet<object>();

  onCall(party: PartyId, call: Call): void {
    const isLoose = this.#isLoose(call);
    if (isLoose && call.operation !== 'multiplex' && isObject(call.result)) this.#loose.add(call.result);
    // The comparison comes later, when the parties may have given the memory to other tensors (backends/scoped-backend.ts).
    this.#queues[party].push({ ...call, args: call.args.map(copied), result: copied(call.result), isLoose });
    const { server, client } = this.#queues;
    if (server.length === 0 || client.length === 0) return;
    const pair = [server.shift()!, client.shift()!] as const;
    this.#work = this.#work.then(() => this.#compare(...pair));
    this.#work.catch(() => undefined);
  }

  #isLoose({ operation, args }: Pick<Call, 'operation' | 'args'>): boolean {
    const isLoose = (arg: unknown): boolean => isObject(arg) && this.#loose.has(arg);
    return (
      operation === 'narrowLoosely' ||
      args.some((arg) => (Array.isArray(arg) ? arg.some(isLoose) : isLoose(arg)))
    );
  }

  async finish(): Promise<Comparison[]> {
    await this.#work;
    return [...this.places.values()].map((place) => ({
      ...place,
      truncationDifference: Math.max(0, ...Object.values(place.differences)),
    }));
  }

  async #compare(server: QueuedCall, client: QueuedCall): Promise<void> {
    const { operation, path } = server;
    if (operation !== client.operation)
      throw new Error(
        `parties disagree at ${path.join('/')}: server ${operation}, client ${client.operation}`,
      );
    const args = server.args.map((arg, i) => this.#join(arg, client.args[i]));
    const oracle = this.#oracle as unknown as Record<string, (...args: unknown[]) => unknown>;
    const expected = await oracle[operation]!(...args);
    if (operation === 'prepare') {
      this.#weights.set(server.result, expected as Weight);
      return;
    }
    const isUndefined = UNDEFINED_OF_LOOSE.has(operation) || operation === 'narrowLoosely';
    if (isUndefined && server.isLoose) return;
    const got = this.#join(server.result, client.result);
    const difference =
      operation === 'shuffle'
        ? shuffleDifference(args[0] as ShuffleRows, got as ShuffleRows)
        : differenceOf(expected, got);
    this.#count(operation, path, difference, cutBits(server, expected));
  }

  /** Differences count in units of what is left when so many bits are cut off. */
  #count(operation: string, path: readonly string[], { elements, ...whole }: Difference, cut: number): void {
    const largest = whole.largest / 2 ** cut;
    const place = path[0] ?? 'outside';
    const comparison = this.places.get(place) ?? {
      place,
      operations: 0,
      elements: 0,
      differences: {},
      mismatches: [],
    };
    this.places.set(place, comparison);
    comparison.operations++;
    comparison.elements += elements;
    const tolerance = TOLERANCE[operation] ?? (cut > 0 ? 1 : 0);
    if (tolerance > 0)
      comparison.differences[operation] = Math.max(comparison.differences[operation] ?? 0, largest);
    if (largest > tolerance) {
      comparison.mismatches.push(
        `${[...path, operation].join('/')}: off by ${largest} (allowed ${tolerance})`,
      );
    }
  }

  /** Puts the two parties' views of one argument or result together. */
  #join(server: unknown, client: unknown): unknown {
    if (Array.isArray(server)) return server.map((part, i) => this.#join(part, (client as unknown[])[i]));
    if (server === null || !isObject(server)) return server ?? client;
    if (!isObject(client)) return server;
    switch (server.kind) {
      case 'arithmetic':
        return joinTensors(server as unknown as SharedTensor, client as unknown as SharedTensor);
      case 'boolean':
        return joinBits(server as unknown as SharedBits, client as unknown as SharedBits);
      case 'private':
        return (server as unknown as PrivateTensor).value === null ? client : server;
      case 'weight':
        return this.#weights.get(server);
    }
    if ('matrix' in server) return (server as unknown as WeightSource).matrix === null ? client : server;
    if ('tensors' in server && 'bits' in server)
      return {
        tensors: this.#join(server.tensors, client.tensors),
        bits: this.#join(server.bits, client.bits),
      };
    return server;
  }
}

/** Tensors with words and bits of their own; whatever else as it is, since weights are known by their identity. */
function copied(value: unknown): unknown {
  if (value instanceof BigUint64Array || value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(copied);
  if (!isObject(value)) return value;
  switch (value.kind) {
    case 'arithmetic': {
      const tensor = value as unknown as SharedTensor;
      return localTensor(dataOf(tensor).slice(), tensor.shape, tensor);
    }
    case 'boolean': {
      const bits = value as unknown as SharedBits;
      return localBits(bitsOf(bits).slice(), bits.shape);
    }
  }
  if ('tensors' in value && 'bits' in value)
    return { ...value, tensors: copied(value.tensors), bits: copied(value.bits) };
  return 'data' in value ? { ...value, data: copied(value.data) } : value;
}

function joinTensors(server: SharedTensor, client: SharedTensor): SharedTensor {
  const data = new BigUint64Array(sizeOf(server.shape));
  kernels.ringAdd(dataOf(server), dataOf(client), server.ringBits, data);
  return localTensor(data, server.shape, server);
}

function joinBits(server: SharedBits, client: SharedBits): SharedBits {
  const data = new Uint8Array(sizeOf(server.shape));
  kernels.bitsXor(bitsOf(server), bitsOf(client), data);
  return localBits(data, server.shape);
}

/** Runs `body` at both parties and compares every operation; results in the order server, client. */
export async function insecureCompare<T>(
  backends: { readonly server: Backend; readonly client: Backend },
  body: (backend: Backend) => Promise<T>,
): Promise<{ readonly results: readonly [T, T]; readonly places: readonly Comparison[] }> {
  const comparer = new Comparer();
  const run = (party: PartyId) =>
    withSpan(new PathSpan([]), () => body(recorded(backends[party], (call) => comparer.onCall(party, call))));
  const results = await Promise.all([run('server'), run('client')]);
  return { results, places: await comparer.finish() };
}
