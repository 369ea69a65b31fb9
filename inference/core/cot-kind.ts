/** The ways to make correlated OTs (crypto/ot); both parties of a connection take the same. */
export const COT_KINDS = ['softspoken', 'ferret'] as const;

/** SoftSpoken: 3.9 bytes a COT, least time, for fast networks. Ferret: 0.18 bytes, from half the speed on, for slow ones. */
export type CotKind = (typeof COT_KINDS)[number];

export const DEFAULT_COTS: CotKind = 'softspoken';
