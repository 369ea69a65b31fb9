/**
 * Prints the bill of materials (CycloneDX) of what is installed with this package: `npm sbom` on the lock file without what only
 * developers need. Its own `--omit dev` also leaves out packages that both need.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));

const { devDependencies: _, ...manifest } = json('package.json');
const lock = json('package-lock.json');
delete lock.packages[''].devDependencies;
for (const [path, { dev }] of Object.entries(lock.packages)) if (dev) delete lock.packages[path];

const temporary = mkdtempSync(join(tmpdir(), 'sbom-'));
// npm names the whole after its folder.
const folder = join(temporary, manifest.name);
mkdirSync(folder);
try {
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  const options = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
  execFileSync('npm', ['sbom', ...options], { cwd: folder, stdio: 'inherit' });
} finally {
  rmSync(temporary, { recursive: true });
}
