/** Every program of examples/, and the first code block of the README, run as they are. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../util/package-file.js';

/** Inside of the package, so that the programs find it by its name; build/ is not under version control. */
const folder = mkdtempSync(packageFile('build', 'examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(program: string): Promise<string> {
  const env = { ...process.env, XDG_CACHE_HOME: folder };
  const options = { cwd: packageFile(), env };
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program], options);
  return stdout;
}

const expected: Readonly<Record<string, RegExp>> = {
  'own-data.ts':
    /accuracy on the held-out part: (0\.[89]|1).*where is the blue lamp: delivery\n.*: billing\n$/s,
  'server-and-client.ts': /work: positive\n.*back: negative\n.*positive: .* made ahead .*length-bucket/s,
  'sweep.ts': /^wanted {2}kept {2}accuracy {2}MB\n(0\.\d+ {4}0\.\d+ {4}[01]\.\d+ {4}\d+\.\d+\n){3}$/,
};

describe('examples', () => {
  it('have an expectation each', () => {
    expect(readdirSync(packageFile('examples')).sort()).toEqual(Object.keys(expected).sort());
  });

  it.each(Object.entries(expected))(
    '%s',
    async (name, output) => {
      expect(await run(packageFile('examples', name))).toMatch(output);
    },
    300_000,
  );

  it('the first TypeScript of the README is eight lines that work', async () => {
    const [, code] = /```ts\n(.*?)```/s.exec(readFileSync(packageFile('README.md'), 'utf8'))!;
    expect(code!.trim().split('\n')).toHaveLength(8);
    const program = join(folder, 'readme.ts');
    writeFileSync(program, code!);
    expect(await run(program)).toBe('positive\n');
  }, 300_000);
});
