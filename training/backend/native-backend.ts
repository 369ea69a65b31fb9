/**
 * A TensorFlow.js backend on our native kernels. Tensors are Float32Arrays in ordinary memory (no WebAssembly heap, no
 * 4 GiB limit). It starts as a copy of the pure JavaScript backend, so that every operation exists; what is hot in
 * training an encoder runs in C++ (training/ops).
 */
import * as tf from '@tensorflow/tfjs';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { FloatPool } from './float-pool.js';

export const NATIVE_BACKEND = 'cipherprune-native';

export class NativeBackend extends MathBackendCPU {
  readonly pool = new FloatPool();

  constructor() {
    super();
    // The JavaScript backend would recommend another one on its first tensor.
    (this as unknown as { firstUse: boolean }).firstUse = false;
  }

  /** The numbers of a float tensor: not a copy. */
  floats(tensor: tf.TensorInfo): Float32Array {
    const { values } = this.data.get(tensor.dataId);
    if (!(values instanceof Float32Array))
      throw new TypeError(`tensor of type ${tensor.dtype}: expected float32 numbers`);
    return values;
  }

  integers(tensor: tf.TensorInfo): Int32Array {
    const { values } = this.data.get(tensor.dataId);
    if (!(values instanceof Int32Array))
      throw new TypeError(`tensor of type ${tensor.dtype}: expected int32 numbers`);
    return values;
  }

  /** A new float tensor whose numbers the caller fills in. */
  make(shape: number[]): { info: tf.TensorInfo; values: Float32Array<ArrayBuffer> } {
    const values = this.pool.take(tf.util.sizeFromShape(shape));
    return { info: this.makeTensorInfo(shape, 'float32', values), values };
  }

  /** For kernels that may hand out views of their inputs. */
  keepOutOfPool(tensor: tf.TensorInfo): void {
    const values = this.data.has(tensor.dataId) ? this.data.get(tensor.dataId).values : undefined;
    if (values instanceof Float32Array) this.pool.release(values);
  }

  override readSync(dataId: object): tf.backend_util.BackendValues {
    const values = super.readSync(dataId);
    return values instanceof Float32Array ? values.slice() : values;
  }

  override disposeData(dataId: object, force = false): boolean {
    const values = this.data.has(dataId) ? this.data.get(dataId).values : undefined;
    const gone = super.disposeData(dataId, force);
    if (gone && values instanceof Float32Array) this.pool.give(values);
    return gone;
  }
}

/** Operations that never keep a view of an input's memory in their output, so that it may be reused. */
const COPYING = new Set(['Identity', 'Reshape', 'Add', 'Sub', 'Multiply', 'Sum', 'Sigmoid']);

let backend: NativeBackend | null = null;

/** The backend itself, once registered. */
export function nativeBackend(): NativeBackend {
  if (!backend) throw new Error('native backend: not registered');
  return backend;
}

type KernelFunction = (call: {
  inputs: tf.NamedTensorInfoMap;
  backend: object;
  attrs?: tf.NamedAttrMap;
}) => tf.TensorInfo | tf.TensorInfo[];

/** The JavaScript kernel, but its inputs are not reused if the kernel may return views of them. */
function guarded(kernelName: string, kernelFunc: KernelFunction): KernelFunction {
  if (COPYING.has(kernelName)) return kernelFunc;
  return (call) => {
    const native = call.backend as NativeBackend;
    for (const input of Object.values(call.inputs).flat())
      if (input && typeof input === 'object' && 'dataId' in input) native.keepOutOfPool(input);
    return kernelFunc(call);
  };
}

/** Registers the backend with a copy of all JavaScript kernels; safe to call again. */
export function registerNativeBackend(): void {
  if (backend) return;
  const made = new NativeBackend();
  tf.registerBackend(NATIVE_BACKEND, () => made, 0);
  for (const config of tf.getKernelsForBackend('cpu')) {
    const kernelFunc = guarded(config.kernelName, config.kernelFunc as KernelFunction);
    tf.registerKernel({
      ...config,
      backendName: NATIVE_BACKEND,
      kernelFunc: kernelFunc as tf.KernelConfig['kernelFunc'],
    });
  }
  backend = made;
}
