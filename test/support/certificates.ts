/** Certificates for tests, by openssl. */
import { execFileSync } from 'node:child_process';

/** A self-signed authority and a certificate of 127.0.0.1 that it signed, by openssl. */
export function makeCertificates(folder: string): boolean {
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  try {
    const subject = (name: string) => [
      '-subj',
      `/CN=${name}`,
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
    ];
    run('req', '-x509', ...subject('ca'), '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2');
    run('req', '-x509', ...subject('other'), '-keyout', 'other.key', '-out', 'other.pem', '-days', '2');
    run(
      'req',
      ...subject('node'),
      '-keyout',
      'node.key',
      '-out',
      'node.csr',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    );
    run(
      'x509',
      '-req',
      '-in',
      'node.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-copy_extensions',
      'copy',
      '-out',
      'node.pem',
      '-days',
      '2',
    );
    return true;
  } catch {
    return false;
  }
}
