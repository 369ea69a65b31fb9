/** `--model` and `--method` of `bench`. */
import type { ModelName } from '../../bench/model-sizes.js';
import { methodNamed } from '../../methods/index.js';
import type { Method } from '../../methods/method.js';
import { UsageError } from '../../util/errors.js';

/** @throws UsageError that lists the names */
export async function modelOption(name: string | undefined): Promise<ModelName> {
  const { MODEL_NAMES, modelNameOf } = await import('../../bench/model-sizes.js');
  const model = modelNameOf(name ?? '');
  if (!model)
    throw new UsageError(`--model: expected one of ${MODEL_NAMES.join(', ')}, got ${name ?? 'none'}`);
  return model;
}

/** @throws UsageError that lists the names */
export function methodOption(name: string): Method {
  try {
    return methodNamed(name);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(`--${error.message}`) : error;
  }
}
