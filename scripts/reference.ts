/**
 * Writes the pages of docs/reference that follow from the code: the command line from the commands' options, the configuration
 * from its schema. `npm run reference`; a test compares what is committed with what this gives.
 */
import { writeFileSync } from 'node:fs';
import { packageFile } from '../util/package-file.js';
import { commandLinePage } from './reference/command-line.js';
import { configurationPage } from './reference/configuration.js';

export const pages: Readonly<Record<string, () => Promise<string> | string>> = {
  'command-line.md': commandLinePage,
  'configuration.md': configurationPage,
};

if (import.meta.filename === process.argv[1])
  for (const [name, page] of Object.entries(pages))
    writeFileSync(packageFile('docs', 'reference', name), await page());
