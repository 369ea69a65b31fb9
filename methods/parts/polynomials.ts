/** Polynomials as coefficients, lowest power first. */
export type Polynomial = readonly number[];

export const add = (a: Polynomial, b: Polynomial): Polynomial =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, k) => (a[k] ?? 0) + (b[k] ?? 0));

export const scaled = (a: Polynomial, factor: number): Polynomial => a.map((c) => c * factor);

export function multiply(a: Polynomial, b: Polynomial): Polynomial {
  const product = new Array<number>(a.length + b.length - 1).fill(0);
  a.forEach((x, i) => {
    b.forEach((y, k) => {
      product[i + k]! += x * y;
    });
  });
  return product;
}

/** p(-x) */
export const reflected = (a: Polynomial): Polynomial => a.map((c, k) => (k % 2 === 0 ? c : -c));
