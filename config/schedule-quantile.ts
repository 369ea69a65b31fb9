/** Of the texts that a schedule is measured on so many keep no more tokens by the thresholds. */
export const DEFAULT_SCHEDULE_QUANTILE = 0.95;

/** The same for thresholds at quantiles, which stand for a share of tokens in the mean: half of the texts. */
export const KEEP_SCHEDULE_QUANTILE = 0.5;
