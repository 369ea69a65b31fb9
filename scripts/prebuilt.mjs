/**
 * Packs the kernels for those who have no compiler: a package for each platform of kernels/prebuilt.json, into build/prebuilt/.
 *
 *   node scripts/prebuilt.mjs                      the one of this machine, by its compiler
 *   node scripts/prebuilt.mjs --zig ZIG [NAME …]   those that are named, or all, by `ZIG c++`, which compiles for every platform
 *   node scripts/prebuilt.mjs --depend             makes package.json depend on them, as a release does
 *
 * In the repository package.json does not name them: `npm ci` would look for what is not published yet.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const FOLDER = join('build', 'prebuilt');
const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
const platforms = json(join('kernels', 'prebuilt.json'));
const { version, license, engines, ...own } = json('package.json');

function depend() {
  const packages = Object.fromEntries(platforms.map(({ name }) => [name, version]));
  const optionalDependencies = { ...own.optionalDependencies, ...packages };
  writeJson('package.json', { ...json('package.json'), optionalDependencies });
}

function platformHere() {
  const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  const here = platforms.find(
    (one) =>
      one.os === process.platform &&
      one.cpu === process.arch &&
      (one.libc === undefined || one.libc === libc),
  );
  if (here) return here;
  throw new Error(
    `kernels/prebuilt.json: expected ${process.platform} ${process.arch}, found no such platform`,
  );
}

function named(name) {
  const found = platforms.find((one) => one.name === name);
  if (found) return found;
  throw new Error(`expected one of ${platforms.map((one) => one.name).join(', ')}, got ${name}`);
}

/** → the path of the packed file. */
function pack({ name, os, cpu, libc, target }, zig) {
  // Options that are GCC's alone are left to it in silence.
  const compiler =
    zig === undefined ? {} : { CXX: `${zig} c++ -target ${target} -Wno-unknown-warning-option` };
  execFileSync(process.execPath, [join('kernels', 'build.mjs'), '--package', name], {
    env: { ...process.env, ...compiler },
    stdio: 'inherit',
  });
  const folder = join(FOLDER, name);
  const where = [os, cpu, libc].filter((part) => part !== undefined).join(' ');
  writeJson(join(folder, 'package.json'), {
    ...{ name, version, description: `The kernels of cipherprune for ${where}`, license, engines },
    ...{ os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) },
    ...{ main: 'cipherprune.node', files: ['cipherprune.node'] },
  });
  writeFileSync(
    join(folder, 'README.md'),
    `# ${name}\n\nThe kernels of [cipherprune](https://www.npmjs.com/package/cipherprune) for ${where}, compiled. It installs them by itself.\n`,
  );
  copyFileSync('LICENSE', join(folder, 'LICENSE'));
  const packing = ['pack', '--silent', '--ignore-scripts', '--pack-destination', FOLDER, `./${folder}`];
  return join(FOLDER, execFileSync('npm', packing, { encoding: 'utf8' }).trim());
}

const { values, positionals } = parseArgs({
  options: { zig: { type: 'string' }, depend: { type: 'boolean', default: false } },
  allowPositionals: true,
});
if (values.depend) depend();
else {
  const all = values.zig === undefined ? [platformHere()] : platforms;
  for (const platform of positionals.length === 0 ? all : positionals.map(named))
    console.log(pack(platform, values.zig));
}
