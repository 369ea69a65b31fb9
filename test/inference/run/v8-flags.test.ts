import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { packageFile } from '../../../util/package-file.js';

it.each(['setV8Flags', 'setSmallClientFlags'])(
  '%s asks for nothing that this version of V8 complains of',
  async (name) => {
    const program = `import { ${name} } from '${packageFile('inference', 'run', 'v8-flags.ts')}'; ${name}();`;
    const words = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', program];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, words);
    expect([stdout, stderr]).toEqual(['', '']);
  },
);
