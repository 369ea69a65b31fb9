/** What the system's code for a connection that does not come about means, where the code alone says little. */

const UNKNOWN_AUTHORITY = 'no authority that is trusted here signed its certificate';

const MEANINGS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it asks for a certificate, and was shown none',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers there speaks no TLS',
  EPROTO: 'what answers there speaks no TLS',
  HPE_INVALID_CONSTANT: 'what answers there speaks no HTTP',
};

/** The code, and what it means where that is known. */
export function whyUnreachable({ code, message }: NodeJS.ErrnoException): string {
  const meaning = code === undefined ? undefined : MEANINGS[code];
  return meaning === undefined ? (code ?? message) : `${code}: ${meaning}`;
}
