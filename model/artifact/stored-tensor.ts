/** Conversion between stored tensors (bytes of a dtype) and numbers. Half floats are widened exactly. */
import { type Dtype, elementCount, SafetensorsError, type StoredTensor } from '../checkpoint/safetensors.js';

/** IEEE binary16 → float32, by value. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const halfTable = (): Float32Array => Float32Array.from({ length: 65536 }, (_, half) => halfToFloat(half));
let halves: Float32Array | null = null;

/** A copy of the bytes at an aligned offset, so that typed arrays can view it. */
const aligned = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;

/** binary16 → float32 through a table of all values: a checkpoint has tens of millions of them. */
function widenHalves(source: Uint16Array): Float32Array {
  halves ??= halfTable();
  const result = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) result[i] = halves[source[i]!]!;
  return result;
}

/** bfloat16 is the upper half of a float32. */
function widenUpperHalves(source: Uint16Array): Float32Array {
  const words = new Uint32Array(source.length);
  for (let i = 0; i < source.length; i++) words[i] = source[i]! << 16;
  return new Float32Array(words.buffer);
}

/** Elements of a floating-point tensor (F64, F32, F16, BF16) as float32. Throws on integers. */
export function toFloat32(tensor: StoredTensor, name = 'tensor'): Float32Array {
  switch (tensor.dtype) {
    case 'F32':
      return new Float32Array(aligned(tensor.bytes));
    case 'F64':
      return new Float32Array(new Float64Array(aligned(tensor.bytes)));
    case 'F16':
      return widenHalves(new Uint16Array(aligned(tensor.bytes)));
    case 'BF16':
      return widenUpperHalves(new Uint16Array(aligned(tensor.bytes)));
    default:
      throw new SafetensorsError(`${name}: expected floating-point numbers, got ${tensor.dtype}`);
  }
}

/** Elements of an F64 or narrower floating-point tensor as float64. */
export const toFloat64 = (tensor: StoredTensor, name = 'tensor'): Float64Array =>
  tensor.dtype === 'F64'
    ? new Float64Array(aligned(tensor.bytes))
    : new Float64Array(toFloat32(tensor, name));

/** Elements of an I8 or I16 tensor as int16. Throws on other dtypes. */
export function toInt16(tensor: StoredTensor, name = 'tensor'): Int16Array {
  if (tensor.dtype === 'I8') return new Int16Array(new Int8Array(aligned(tensor.bytes)));
  if (tensor.dtype === 'I16') return new Int16Array(aligned(tensor.bytes));
  throw new SafetensorsError(`${name}: expected 8- or 16-bit integers, got ${tensor.dtype}`);
}

type Elements = Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | BigInt64Array;

const dtypeOf = (values: Elements): Dtype => {
  if (values instanceof Float32Array) return 'F32';
  if (values instanceof Float64Array) return 'F64';
  if (values instanceof Int8Array) return 'I8';
  if (values instanceof Int16Array) return 'I16';
  return values instanceof Int32Array ? 'I32' : 'I64';
};

/** A view of typed elements as a stored tensor of their dtype. */
export function fromElements(values: Elements, shape: readonly number[]): StoredTensor {
  if (values.length !== elementCount(shape))
    throw new SafetensorsError(
      `shape [${shape}] needs ${elementCount(shape)} elements, got ${values.length}`,
    );
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: dtypeOf(values), shape: [...shape], bytes };
}
