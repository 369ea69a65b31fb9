/** Largest public part that is written or received: BERT-large's embedding in 16 bits is a quarter of it. */
export const MAX_PUBLIC_BYTES = 2 ** 28;
