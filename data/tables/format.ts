/** Which format a file of texts has: by its ending, unless it is said. */
import { FILE_FORMATS, type FileFormat } from '../../config/file-formats.js';
import { DatasetError } from '../sources/dataset-error.js';

const ENDINGS: Readonly<Record<string, FileFormat>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'jsonl',
  parquet: 'parquet',
  txt: 'txt',
  text: 'txt',
};

/** Throws DatasetError if neither the ending nor `given` says it. */
export function formatOf(file: string, given: FileFormat | null = null): FileFormat {
  if (given !== null) return given;
  const ending = /\.([^./\\]+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
  const format = Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined;
  if (format !== undefined) return format;
  const known = Object.keys(ENDINGS).map((name) => `.${name}`);
  throw new DatasetError(
    `${file}: expected a file that ends in ${known.join(', ')}, or --format ${FILE_FORMATS.join('|')}, got ${ending === '' ? 'no ending' : `.${ending}`}`,
  );
}
