/** Shapes of row-major tensors. */

export type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((extent, axis) => extent === b[axis]);

export const formatShape = (shape: Shape): string => `[${shape.join(', ')}]`;
