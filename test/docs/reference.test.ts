/** Pages that follow from the code are what the code says today. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pages } from '../../scripts/reference.js';
import { packageFile } from '../../util/package-file.js';

it.each(Object.entries(pages))(
  'docs/reference/%s is made anew by `npm run reference`',
  async (name, page) => {
    expect(readFileSync(packageFile('docs', 'reference', name), 'utf8')).toBe(await page());
  },
);
