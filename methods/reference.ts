/** How an artifact names its method, and the method that it names. */
import type { MethodReference } from '../model/artifact/artifact.js';
import { sha256 } from '../model/sha256.js';
import { methodNamed } from './index.js';
import type { Method } from './method.js';

const digests = new Map<Method, string>();

export function numbersDigest(method: Method): string {
  const known = digests.get(method);
  if (known !== undefined) return known;
  const digest = sha256(new TextEncoder().encode(JSON.stringify(method.numbers)));
  digests.set(method, digest);
  return digest;
}

export const methodReference = (method: Method): MethodReference => ({
  name: method.name,
  numbers: numbersDigest(method),
});

/** @throws RangeError if there is no such method here, or it has other numbers than the model was made for, and no earlier ones that it stands for */
export function methodOf({ name, numbers }: MethodReference): Method {
  const method = methodNamed(name);
  const here = numbersDigest(method);
  if (here === numbers || method.earlierNumbers?.includes(numbers)) return method;
  throw new RangeError(
    `method ${name}: expected the numbers that the model was made for (SHA-256 ${numbers}), got ${here} here`,
  );
}
