/** As `map`, whose result's type does not say how many there are. */
export const mapTuple = <const T extends readonly unknown[], R>(
  tuple: T,
  f: (value: T[number], index: number) => R,
): { readonly [K in keyof T]: R } => tuple.map(f) as unknown as { readonly [K in keyof T]: R };
