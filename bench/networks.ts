/** Networks that the bench imitates: the published systems' LAN and WAN. */

export interface Network {
  /** Both directions have their own. */
  readonly bitsPerSecond: number;
  /** There and back. */
  readonly roundTripMilliseconds: number;
}

export type NetworkName = 'loopback' | 'lan' | 'wan';

export const NETWORKS: Readonly<Record<NetworkName, Network | null>> = {
  loopback: null,
  lan: { bitsPerSecond: 3e9, roundTripMilliseconds: 0.8 },
  wan: { bitsPerSecond: 200e6, roundTripMilliseconds: 40 },
};

export type CotExtensionName = 'softspoken' | 'ferret';

/** SoftSpoken takes the least time, Ferret the fewest bytes. */
export const defaultCots = (network: NetworkName): CotExtensionName =>
  network === 'wan' ? 'ferret' : 'softspoken';
