/** What files of one's own may be. */
/**
 * Of files of one's own. `csv`: a header, quoted fields; `tsv`: the same with tabs; `jsonl`: objects, one a line or all in an array;
 * `parquet`; `txt`: a text a line, or two with a tab between them.
 */
export const FILE_FORMATS = ['csv', 'tsv', 'jsonl', 'parquet', 'txt'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];
