/** One point of `bench scaling`: where it stands, and what it cost there. */
import type { ModelName } from '../../bench/model-sizes.js';
import type { NetworkName } from '../../bench/networks.js';
import type { Shaping } from '../../bench/pair.js';
import type { CotKind } from '../../inference/core/cot-kind.js';
import type { PartyId } from '../../inference/core/tensors.js';

export const SCHEDULE_KINDS = ['paper', 'none'] as const;
/** `paper`: the published kept tokens, scaled to the length; `none`: a model that does not prune. */
export type ScheduleKind = (typeof SCHEDULE_KINDS)[number];

/** What all points of one figure have in common. */
export interface ScalingSetting {
  readonly model: ModelName;
  /** Share of the kept tokens that stay in high degree. */
  readonly importantRatio: number;
}

export interface Place {
  readonly tokens: number;
  readonly schedule: ScheduleKind;
  readonly network: NetworkName;
  /** Texts in one protocol run. */
  readonly batch: number;
  /** Processors of each party. */
  readonly cores: number;
  readonly cots: CotKind;
}

/** What only a run between two processes tells. */
export interface MeasuredCost {
  readonly cpuMilliseconds: Readonly<Record<PartyId, number>>;
  readonly peakMemoryBytes: Readonly<Record<PartyId, number>>;
  readonly shaping: Shaping;
  /** The machine has too few processors for both parties: they shared the same ones. */
  readonly coresShared: boolean;
}

/** Of one protocol run, from the client's input to its logits. */
export interface ScalingPoint extends Place {
  /** Both directions. */
  readonly bytes: number;
  readonly rounds: number;
  readonly seconds: number;
  /** Null if bytes and rounds were counted and seconds are the cost model's. */
  readonly measured: MeasuredCost | null;
}

/** Everything but the length. */
export const seriesOf = ({ schedule, network, batch, cores, cots }: Place): string =>
  [schedule, network, batch, cores, cots].join(' ');

/** Equal for points of the same place. */
export const placeOf = (place: Place): string => `${place.tokens} ${seriesOf(place)}`;
