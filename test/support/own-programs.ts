/** Before every test file: what the project starts in processes and threads of their own comes compiled, see compiled.ts. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

vi.mock('../../util/self-command.js', async () => {
  const { packageFile } = await import('../../util/package-file.js');
  const { compiledFile } = await import('./compiled.js');
  return {
    ownModule: (module: URL) => ({
      path: compiledFile(relative(packageFile(), fileURLToPath(module))),
      execArgv: [],
    }),
    selfCommand: (...args: readonly string[]) => [process.execPath, compiledFile('cli', 'main.js'), ...args],
  };
});
