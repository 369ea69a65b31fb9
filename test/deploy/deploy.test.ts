/** The files of deploy/: they agree with each other and with `serve`, and what they run works against a real server. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { packageFile } from '../../util/package-file.js';
import { hasPrograms } from '../package/run.js';
import { type StartedProcess, start } from '../cli/run-cli.js';
import { makeCertificates } from '../support/certificates.js';

const read = (name: string): string => readFileSync(packageFile('deploy', name), 'utf8');
const serve = parse(read('serve.yaml'));
const compose = parse(read('compose.yaml'));
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');
const unit = read('cipherprune.service').split('\n');
const cluster = parseAllDocuments(read('kubernetes.yaml')).map((document) => document.toJS());

/** Arguments of an instruction, wherever it stands. */
const instructions = (name: string): string[] =>
  dockerfile.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1).trim());
/** Values of a key in the unit. */
const directives = (name: string): string[] =>
  unit.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));
const resource = (kind: string, name = 'cipherprune') =>
  cluster.find((one) => one.kind === kind && one.metadata.name === name);
const pod = resource('Deployment').spec.template.spec;
const [container] = pod.containers;

/** The command of HEALTHCHECK, as its array. */
const healthcheck = (): string[] =>
  JSON.parse(/CMD (\[.*\])$/.exec(dockerfile.find((line) => line.startsWith('HEALTHCHECK'))!)![1]!);

describe('deploy/', () => {
  it('listens where clients, probes and Prometheus look', () => {
    const { port, http } = serve;
    expect(instructions('EXPOSE')).toEqual([`${port} ${http}`]);
    expect(compose.services.server.ports).toEqual([`${port}:${port}`]);
    const [scrape] = parse(read('prometheus.yml')).scrape_configs;
    expect([scrape.metrics_path, scrape.static_configs[0].targets]).toEqual(['/metrics', [`server:${http}`]]);
    const ports = [
      { name: 'texts', containerPort: port },
      { name: 'http', containerPort: http },
    ];
    expect(container.ports).toEqual(ports);
    expect(resource('Service').spec.ports).toEqual([{ name: 'texts', port, targetPort: 'texts' }]);
    const metrics = resource('Service', 'cipherprune-metrics');
    expect(metrics.spec.ports).toEqual([{ name: 'http', port: http, targetPort: 'http' }]);
    expect(metrics.metadata.annotations).toMatchObject({ 'prometheus.io/port': String(http) });
    for (const service of [resource('Service'), metrics])
      expect(resource('Deployment').spec.template.metadata.labels).toMatchObject(service.spec.selector);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
      expect(container[probe].httpGet.port).toBe('http');
  });

  it('has every file of its configuration where each of them puts it', () => {
    const files = Object.values(serve).filter((value) => typeof value === 'string' && value.startsWith('/'));
    expect(files).toHaveLength(6);
    const below = (folders: readonly string[]) => (file: unknown) =>
      folders.some((folder) => file === folder || String(file).startsWith(`${folder}/`));
    const composed = compose.services.server.volumes.map((volume: string) => volume.split(':')[1]);
    expect(files.filter((file) => !below(composed)(file))).toEqual([]);
    const mounted = container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
    expect(files.filter((file) => !below(mounted)(file))).toEqual([]);
    // What the server writes is in a volume, under systemd in the service's own folder.
    expect(instructions('VOLUME')).toEqual([dirname(serve['limits-file'])]);
    expect(directives('StateDirectory').map((name) => `/var/lib/${name}`)).toEqual(instructions('VOLUME'));
    const projected = pod.volumes.find(({ name }: { name: string }) => name === 'configuration').projected;
    const secrets = projected.sources.flatMap(({ secret }: { secret?: { items: { path: string }[] } }) =>
      (secret?.items ?? []).map(({ path }) => `/etc/cipherprune/${path}`),
    );
    expect(secrets).toEqual(files.filter((file) => String(file).includes('/secrets/')));
    expect(directives('LoadCredential')).toEqual([`server.key:${serve['tls-key']}`]);
  });

  it('starts the same configuration everywhere', () => {
    const configuration = '/etc/cipherprune/serve.yaml';
    expect(JSON.parse(instructions('CMD')[0]!)).toEqual(['serve', '--config', configuration]);
    expect(container.args).toEqual(['serve', '--config', configuration]);
    expect(directives('ExecStart')[0]).toMatch(`/dist/cli/main.js serve --config ${configuration}`);
    expect(instructions('COPY')).toContain(`deploy/serve.yaml ${configuration}`);
  });

  it('waits longer than texts may take to finish before it kills', () => {
    const { grace } = serve;
    expect(Number(directives('TimeoutStopSec')[0])).toBeGreaterThan(grace);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(grace);
    expect(Number.parseInt(compose.services.server.stop_grace_period, 10)).toBeGreaterThan(grace);
  });

  it('copies into the image what the build makes, and runs it as nobody', () => {
    const copied = instructions('COPY').filter((line) => line.startsWith('--from=build '));
    const sources = copied.flatMap((line) => line.split(' ').slice(1, -1));
    const missing = sources
      .map((path) => path.replace('/opt/cipherprune/', ''))
      // Made by `npm run build`, which the tests of the package run.
      .filter((path) => !path.startsWith('dist') && !path.startsWith('build/'))
      .filter((path) => !existsSync(packageFile(path)));
    expect(missing).toEqual([]);
    expect(sources).toContain('/opt/cipherprune/build/native/cipherprune.node');
    expect(instructions('USER')).toEqual(['1000:1000']);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
  });
});

describe('a server with that configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cipherprune-deploy-'));
  const at = (name: string) => join(folder, name);
  let server: StartedProcess | null = null;
  let http = '';

  beforeAll(async () => {
    if (!makeCertificates(folder)) return;
    writeFileSync(at('tokens.json'), '{"format":"cipherprune-tokens","formatVersion":1,"tokens":[]}');
    server = start(
      // Of every option of the file that names a place of a container, a place here.
      ...['serve', '--config', packageFile('deploy', 'serve.yaml'), '--port', '0', '--http', '0'],
      ...['--artifact', packageFile('data', 'demo-model'), '--tokens', at('tokens.json')],
      ...['--tls-cert', at('node.pem'), '--tls-key', at('node.key')],
      ...['--limits-file', at('limits.json'), '--pools', at('pools')],
    );
    await server.line(/^listening on 0\.0\.0\.0:\d+$/m);
    http = (await server.logged(/http:\/\/0\.0\.0\.0:(\d+)\//))[1]!;
  });
  afterAll(async () => {
    server?.child.kill('SIGKILL');
    await server?.outcome;
    rmSync(folder, { recursive: true });
  });

  it('answers probes, is healthy by the command of the image, and ends with 0 at SIGTERM', async ({
    skip,
  }) => {
    if (server === null) skip('no openssl here');
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
      expect((await fetch(`http://127.0.0.1:${http}${container[probe].httpGet.path}`)).status, probe).toBe(
        200,
      );
    expect(await (await fetch(`http://127.0.0.1:${http}/metrics`)).text()).toContain(
      'cipherprune_texts_total',
    );
    const [program, ...args] = healthcheck();
    const check = () =>
      promisify(execFile)(
        program!,
        args.map((word) => word.replace(`:${serve.http}/`, `:${http}/`)),
      ).then(
        () => 0,
        ({ code }) => code,
      );
    expect(await check()).toBe(0);
    server!.child.kill('SIGTERM');
    expect((await server!.outcome).code).toBe(0);
    expect(await check()).toBe(1);
  });
});

/** Their own makers' checks, where they are installed. */
describe('deploy/, by', () => {
  const at = (name: string) => packageFile('deploy', name);
  it.for([
    { program: 'hadolint', args: [at('Dockerfile')] },
    { program: 'promtool', args: ['check', 'config', at('prometheus.yml')] },
    { program: 'kubectl', args: ['kustomize', packageFile('deploy')] },
  ])('$program', ({ program, args }, { skip }) => {
    if (!hasPrograms(program)) skip(`no ${program} here`);
    execFileSync(program, args);
  });

  it('systemd', ({ skip }) => {
    if (!hasPrograms('systemd-analyze')) skip('no systemd here');
    const folder = mkdtempSync(join(tmpdir(), 'cipherprune-unit-'));
    // Node of this machine, which may be elsewhere.
    const path = join(folder, 'cipherprune.service');
    writeFileSync(path, unit.join('\n').replace('/usr/bin/node', process.execPath));
    const said = execFileSync('systemd-analyze', ['verify', path], { encoding: 'utf8', stdio: 'pipe' });
    rmSync(folder, { recursive: true });
    expect(said).toBe('');
  });
});
