/** Networks that the bench imitates: the published systems' LAN and WAN. */
import type { LineSpeed } from '../inference/core/line-speed.js';
import { type MultiplyingParties, partiesFor } from '../inference/core/mutual.js';
import type { CotKind } from '../inference/core/cot-kind.js';

export interface Network {
  /** Both directions have their own. */
  readonly bitsPerSecond: number;
  /** There and back. */
  readonly roundTripMilliseconds: number;
}

export const NETWORK_NAMES = ['loopback', 'lan', 'wan'] as const;
export type NetworkName = (typeof NETWORK_NAMES)[number];

export const NETWORKS: Readonly<Record<NetworkName, Network | null>> = {
  loopback: null,
  lan: { bitsPerSecond: 3e9, roundTripMilliseconds: 0.8 },
  wan: { bitsPerSecond: 200e6, roundTripMilliseconds: 40 },
};

/** SoftSpoken takes the least time, Ferret the fewest bytes. */
export const defaultCots = (network: NetworkName): CotKind => (network === 'wan' ? 'ferret' : 'softspoken');

/** As a client over it would have it: on one machine the parties share its processors. */
export const isMutual = (network: NetworkName, asked: MultiplyingParties | undefined): boolean =>
  (asked ?? partiesFor(network === 'loopback')) !== 'server';

/** As a client over it would measure. */
export const defaultLine = (network: NetworkName): LineSpeed => (network === 'wan' ? 'slow' : 'fast');
