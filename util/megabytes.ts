/** Bytes in megabytes (10^6) with a sensible number of digits, without unit. */
export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 1);
