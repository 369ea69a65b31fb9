/** Of the texts that a schedule is measured on so many keep no more tokens by the thresholds. */
export const DEFAULT_SCHEDULE_QUANTILE = 0.95;
