/** A clean checkout, as somebody gets it who clones the project. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageFile } from '../../util/package-file.js';

/** What a clone would have, as it is in the working tree; null: this is no checkout. */
export function checkOut(to: string): string | null {
  const root = packageFile();
  if (!existsSync(join(root, '.git'))) return null;
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(join(to, dirname(file)), { recursive: true });
    cpSync(join(root, file), join(to, file));
  }
  // What `npm ci` would install; no package in it has been compiled for us.
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'));
  return to;
}
