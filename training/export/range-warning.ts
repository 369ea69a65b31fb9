/** A range that the fixed-point ring cannot hold. */
export interface RangeWarning {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
}
