/** Which models a method of today runs. */
import { describe, expect, it } from 'vitest';
import { METHODS } from '../../methods/index.js';
import { methodOf, methodReference, numbersDigest } from '../../methods/reference.js';
import { methodOfManifest } from '../../model/artifact/artifact-schema.js';

describe('a method runs models', () => {
  it.each(METHODS.map((method) => [method.name, method] as const))('of its own numbers: %s', (_, method) => {
    expect(methodOf(methodReference(method))).toBe(method);
    expect(method.earlierNumbers ?? []).not.toContain(numbersDigest(method));
  });

  it.each([
    ['cipherprune', true, true],
    ['cipherprune-prune', true, false],
    ['dense', false, false],
  ])('of the oldest artifacts, which name none: %s', (name, prunes, reduces) => {
    const reference = methodOfManifest({ prunes, reduces } as never);
    expect(methodOf(reference).name).toBe(name);
  });

  it.each(['cipherprune-quad', 'cipherprune-quad-softmax'])(
    'of its own earlier numbers alone: %s',
    (name) => {
      const [earlier] = METHODS.find((method) => method.name === name)!.earlierNumbers!;
      expect(methodOf({ name, numbers: earlier! }).name).toBe(name);
      expect(() => methodOf({ name: 'dense', numbers: earlier! })).toThrow('expected the numbers');
    },
  );
});
