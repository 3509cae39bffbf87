import type { EnvReader } from './env-reader.ts';

/** Another issuer of tokens whose signatures are believed, with the algorithms pinned to it. */
export interface TrustedIssuer {
  issuer: string;
  jwksUrl: string;
  /** Null where the issuer's tokens name none: those that do name one are then refused. */
  audience: string | null;
  algorithms: readonly string[];
}

/** As in WebRTC's RTCConfiguration. */
export interface IceServer {
  urls: string | readonly string[];
  username?: string;
  credential?: string;
}

/** Only signatures with a public key: a foreign issuer never shares a secret with us. */
const publicKeyAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].concat([
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]);

export function readTrustedIssuers(reader: EnvReader): TrustedIssuer[] {
  const shape = `{ issuer, jwksUrl, audience, algorithms }, algorithms among ${publicKeyAlgorithms.join(' ')}, jwksUrl over https`;
  return reader.jsonList('TRUSTED_ISSUERS', shape, trustedIssuer);
}

export function readIceServers(reader: EnvReader): IceServer[] {
  const shape =
    '{ urls, username?, credential? }, urls such as stun:stun.example.com:3478, with both for turn:';
  return reader.jsonList('ICE_SERVERS', shape, iceServer);
}

/** What a browser takes for a STUN or TURN server: with others it makes no connection at all. */
export function isIceUrl(url: string): boolean {
  return /^(stuns?:[^\s/?#@]+|turns?:[^\s/?#@]+(\?transport=(udp|tcp))?)$/.test(url);
}

/** The most people of a session, its host among them, by its type, as published. */
export const PUBLISHED_PARTICIPANT_LIMITS = {
  individual: 2,
  couples: 3,
  family: 8,
  group: 12,
  support: 20,
  workshop: 50,
};

export type ParticipantLimits = Readonly<typeof PUBLISHED_PARTICIPANT_LIMITS>;

const MOST_PARTICIPANTS = 100;

/** Limits that are not given stay as published. */
export function readParticipantLimits(reader: EnvReader): ParticipantLimits {
  const text = reader.text('PARTICIPANT_LIMITS');
  const given = text === null ? {} : parsed(text);
  if (isRecord(given) && Object.entries(given).every(isLimit)) {
    return { ...PUBLISHED_PARTICIPANT_LIMITS, ...given };
  }
  const names = Object.keys(PUBLISHED_PARTICIPANT_LIMITS).join(', ');
  const rule = `must be a JSON object of whole numbers from 2 to ${MOST_PARTICIPANTS} by ${names}`;
  reader.fault('PARTICIPANT_LIMITS', rule);
  return PUBLISHED_PARTICIPANT_LIMITS;
}

function isLimit([type, limit]: readonly [string, unknown]): boolean {
  const isType = Object.hasOwn(PUBLISHED_PARTICIPANT_LIMITS, type);
  const isCount = typeof limit === 'number' && Number.isInteger(limit);
  return isType && isCount && limit >= 2 && limit <= MOST_PARTICIPANTS;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function trustedIssuer(item: unknown): TrustedIssuer | null {
  if (!isRecord(item)) return null;
  const { issuer, jwksUrl, audience, algorithms } = item;
  if (!isText(issuer) || !isText(jwksUrl)) return null;
  if (audience !== null && !isText(audience)) return null;
  if (!isSecureUrl(jwksUrl) || !isTextList(algorithms)) return null;
  if (!algorithms.every((name) => publicKeyAlgorithms.includes(name))) return null;
  return { issuer, jwksUrl, audience, algorithms };
}

function iceServer(item: unknown): IceServer | null {
  if (!isRecord(item)) return null;
  const { urls, username, credential } = item;
  if (!isText(urls) && !isTextList(urls)) return null;
  if (username !== undefined && !isText(username)) return null;
  if (credential !== undefined && !isText(credential)) return null;
  const all = [urls].flat();
  if (!all.every(isIceUrl)) return null;
  const needsBoth = all.some((url) => url.startsWith('turn'));
  if (needsBoth && (username === undefined || credential === undefined)) return null;
  return {
    urls,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  };
}

/** https, or plain http to this machine itself, where nobody can listen in. */
function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === 'https:' ||
    (protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+)$/.test(hostname))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}
