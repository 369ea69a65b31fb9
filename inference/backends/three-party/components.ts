/**
 * The local half of the three-party backend: every operation is done to both components that a node holds. Public values are added
 * to component 2, which nodes 1 and 2 know: what node 0 knows depends on nothing (step.ts).
 */
import type { Shape } from '../../core/shape.js';
import type { PartyId, PrivateTensor, SharedBits, SharedTensor } from '../../core/tensors.js';
import type { RowShifts } from '../backend.js';
import { LocalBackend, type LocalBits, type LocalTensor, type Rounding } from '../local-backend.js';
import type { Components, NodeIndex } from './node.js';

export interface Replicated extends SharedTensor {
  readonly parts: Components<LocalTensor>;
}

export interface ReplicatedBits extends SharedBits {
  readonly parts: Components<LocalBits>;
}

/** Of every value, the component that public values are added to. */
const PUBLIC_COMPONENT = 2;

/** What is done to one component. Three shares are rounded down, up and to nearest: two units in the last place at most. */
class Component extends LocalBackend {
  override readonly self: PartyId = 'server';
  protected override readonly addsPublicValues: boolean;
  protected override readonly truncation: Rounding;

  constructor(index: number) {
    super();
    this.addsPublicValues = index === PUBLIC_COMPONENT;
    this.truncation = index as Rounding;
  }

  /** x + a suffix of its shape, repeated. */
  addSuffix(x: LocalTensor, suffix: LocalTensor): LocalTensor {
    const { shape, ringBits, fractionBits, data } = suffix;
    const value = { shape, ringBits, fractionBits, data };
    return this.addPrivate(x, { kind: 'private', owner: this.self, shape, ringBits, fractionBits, value });
  }

  copies(x: LocalTensor, copies: readonly RowShifts[]): BigUint64Array {
    const zeros = copies.map((rows) => rows.map((row) => ({ ...row, value: 0 })));
    return this.shiftedRows(x, this.addsPublicValues ? copies : zeros);
  }
}

export abstract class ComponentBackend {
  /** No node is an owner of text or model. */
  readonly self: PartyId = 'server';
  readonly #components: Components<Component>;

  constructor(index: NodeIndex) {
    this.#components = [new Component(index), new Component((index + 1) % 3)];
  }

  protected partsOf = (x: SharedTensor): Components<LocalTensor> => (x as Replicated).parts;
  protected bitPartsOf = (bits: SharedBits): Components<LocalBits> => (bits as ReplicatedBits).parts;

  protected replicated(parts: Components<LocalTensor>): Replicated {
    const { shape, ringBits, fractionBits } = parts[0];
    return { kind: 'arithmetic', shape, ringBits, fractionBits, parts };
  }

  protected replicatedBits(parts: Components<LocalBits>): ReplicatedBits {
    return { kind: 'boolean', shape: parts[0].shape, parts };
  }

  #both(body: (component: Component, c: 0 | 1) => LocalTensor): Replicated {
    const [own, next] = this.#components;
    return this.replicated([body(own, 0), body(next, 1)]);
  }

  #bothBits(body: (component: Component, c: 0 | 1) => LocalBits): ReplicatedBits {
    const [own, next] = this.#components;
    return this.replicatedBits([body(own, 0), body(next, 1)]);
  }

  protected addSuffix(x: SharedTensor, suffix: SharedTensor): Replicated {
    return this.#both((local, c) => local.addSuffix(this.partsOf(x)[c], this.partsOf(suffix)[c]));
  }

  /** Both components of x with each copy's values added, [copies, ...]. */
  protected shiftedCopies(x: SharedTensor, copies: readonly RowShifts[]): Components<BigUint64Array> {
    const [own, next] = this.#components;
    return [own.copies(this.partsOf(x)[0], copies), next.copies(this.partsOf(x)[1], copies)];
  }

  abstract addPrivate(x: SharedTensor, value: PrivateTensor): Replicated;

  add(x: SharedTensor, y: SharedTensor): Replicated {
    return this.#both((local, c) => local.add(this.partsOf(x)[c], this.partsOf(y)[c]));
  }
  subtract(x: SharedTensor, y: SharedTensor): Replicated {
    return this.#both((local, c) => local.subtract(this.partsOf(x)[c], this.partsOf(y)[c]));
  }
  negate(x: SharedTensor): Replicated {
    return this.#both((local, c) => local.negate(this.partsOf(x)[c]));
  }
  addPublic(x: SharedTensor, value: number | Float64Array): Replicated {
    return this.#both((local, c) => local.addPublic(this.partsOf(x)[c], value));
  }
  scale(x: SharedTensor, factor: number, fractionBits: number): Replicated {
    return this.#both((local, c) => local.scale(this.partsOf(x)[c], factor, fractionBits));
  }
  combine(x: SharedTensor, factors: readonly number[], fractionBits: number): Replicated {
    return this.#both((local, c) => local.combine(this.partsOf(x)[c], factors, fractionBits));
  }
  reinterpret(x: SharedTensor, fractionBits: number): Replicated {
    return this.#both((local, c) => local.reinterpret(this.partsOf(x)[c], fractionBits));
  }
  shiftLeft(x: SharedTensor, bits: number): Replicated {
    return this.#both((local, c) => local.shiftLeft(this.partsOf(x)[c], bits));
  }
  expand(x: SharedTensor, bits: number): Replicated {
    return this.#both((local, c) => local.expand(this.partsOf(x)[c], bits));
  }
  sum(x: SharedTensor, axis: number): Replicated {
    return this.#both((local, c) => local.sum(this.partsOf(x)[c], axis));
  }
  slice(x: SharedTensor, axis: number, begin: number, end: number): Replicated {
    return this.#both((local, c) => local.slice(this.partsOf(x)[c], axis, begin, end));
  }
  concat(parts: readonly SharedTensor[], axis: number): Replicated {
    return this.#both((local, c) =>
      local.concat(
        parts.map((part) => this.partsOf(part)[c]),
        axis,
      ),
    );
  }
  reshape(x: SharedTensor, shape: Shape): Replicated {
    return this.#both((local, c) => local.reshape(this.partsOf(x)[c], shape));
  }
  transpose(x: SharedTensor, permutation: readonly number[]): Replicated {
    return this.#both((local, c) => local.transpose(this.partsOf(x)[c], permutation));
  }
  gatherRows(x: SharedTensor, rows: Uint32Array): Replicated {
    return this.#both((local, c) => local.gatherRows(this.partsOf(x)[c], rows));
  }
  broadcastRows(x: SharedTensor, rows: number): Replicated {
    return this.#both((local, c) => local.broadcastRows(this.partsOf(x)[c], rows));
  }
  narrow(x: SharedTensor, ringBits: number): Replicated {
    return this.#both((local, c) => local.narrow(this.partsOf(x)[c], ringBits));
  }
  narrowLoosely(x: SharedTensor, ringBits: number, range: number): Replicated {
    return this.#both((local, c) => local.narrowLoosely(this.partsOf(x)[c], ringBits, range));
  }
  truncateReduce(x: SharedTensor, bits: number): Replicated {
    return this.#both((local, c) => local.truncateReduce(this.partsOf(x)[c], bits));
  }
  constant(values: Float64Array | number, shape: Shape, ringBits: number, fractionBits: number): Replicated {
    return this.#both((local) => local.constant(values, shape, ringBits, fractionBits));
  }

  xor(a: SharedBits, b: SharedBits): ReplicatedBits {
    return this.#bothBits((local, c) => local.xor(this.bitPartsOf(a)[c], this.bitPartsOf(b)[c]));
  }
  not(a: SharedBits): ReplicatedBits {
    return this.#bothBits((local, c) => local.not(this.bitPartsOf(a)[c]));
  }
  sliceBits(a: SharedBits, axis: number, begin: number, end: number): ReplicatedBits {
    return this.#bothBits((local, c) => local.sliceBits(this.bitPartsOf(a)[c], axis, begin, end));
  }
  concatBits(parts: readonly SharedBits[], axis: number): ReplicatedBits {
    return this.#bothBits((local, c) =>
      local.concatBits(
        parts.map((part) => this.bitPartsOf(part)[c]),
        axis,
      ),
    );
  }
  reshapeBits(a: SharedBits, shape: Shape): ReplicatedBits {
    return this.#bothBits((local, c) => local.reshapeBits(this.bitPartsOf(a)[c], shape));
  }
  gatherBitRows(a: SharedBits, rows: Uint32Array): ReplicatedBits {
    return this.#bothBits((local, c) => local.gatherBitRows(this.bitPartsOf(a)[c], rows));
  }
}
