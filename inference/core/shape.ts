/** Shapes of row-major tensors. */

export type Shape = readonly number[];

// Loops, as every operation asks: a function for each extent is called before it is compiled.
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis]!;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`;
