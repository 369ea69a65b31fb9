/** An addon of other sources than those that are here says so when it is loaded. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkBuild } from '../../kernels/check-build.js';
import { packageFile } from '../../util/package-file.js';

const BUILT = packageFile('build', 'native', 'sources.txt');
const folder = mkdtempSync(join(tmpdir(), 'cipherprune-built-'));
const stamp = join(folder, 'sources.txt');
afterAll(() => rmSync(folder, { recursive: true }));

/** An addon older than all sources. */
function builtLongAgo(from: string): void {
  writeFileSync(stamp, from);
  utimesSync(stamp, 1, 1);
}

describe.skipIf(!existsSync(BUILT) || !existsSync(packageFile('.git')))('an addon in a checkout', () => {
  it('may be older than its sources as long as they are the same, which is asked once', () => {
    builtLongAgo(readFileSync(BUILT, 'utf8'));
    checkBuild(folder);
    expect(statSync(stamp).mtimeMs).toBeGreaterThan(statSync(packageFile('kernels', 'src')).mtimeMs);
  });

  it('of other sources, or of none that are known, says what to do', () => {
    builtLongAgo('others');
    const refused =
      /cipherprune-built-\w+ was built from other sources than those in kernels; run `npm run build:native`$/;
    expect(() => checkBuild(folder)).toThrow(refused);
    rmSync(stamp);
    expect(() => checkBuild(folder)).toThrow(refused);
  });
});
