import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';

export const TOKEN_ALGORITHM = 'ES256';

/** Rings of 32-byte keys in base64; `sealing` keys the seals over the audit record. */
export const SYMMETRIC_RINGS = ['fields', 'payloads', 'sealing'] as const;
export const RINGS = [...SYMMETRIC_RINGS, 'tokens'] as const;
export type SymmetricRing = (typeof SYMMETRIC_RINGS)[number];
export type Ring = (typeof RINGS)[number];

export interface KeySet<Key> {
  current: string;
  keys: Record<string, Key>;
}

/**
 * What HOLDFAST_KEYS_FILE holds. `idSecret` marks the ids of our own keys, so that an
 * id that somebody invented is told apart from a key that this process hasn't got yet.
 */
export interface KeyFile {
  idSecret: string;
  fields: KeySet<string>;
  payloads: KeySet<string>;
  sealing: KeySet<string>;
  tokens: KeySet<JWK>;
}

const KEY_BYTES = 32;
const ID_RANDOM_BYTES = 6;
const ID_MARK_BYTES = 9;

function idMark(idSecret: string, ring: Ring, random: Buffer): Buffer {
  return createHmac('sha256', Buffer.from(idSecret, 'base64'))
    .update(ring)
    .update(random)
    .digest()
    .subarray(0, ID_MARK_BYTES);
}

function newKeyId(idSecret: string, ring: Ring): string {
  const random = randomBytes(ID_RANDOM_BYTES);
  return Buffer.concat([random, idMark(idSecret, ring, random)]).toString('base64url');
}

/** Whether this installation made the id, now or in the past, even if the key itself is not at hand. */
export function isOwnKeyId(file: KeyFile, ring: Ring, id: string): boolean {
  const bytes = Buffer.from(id, 'base64url');
  // Another spelling of the same bytes is not an id that we have ever written.
  if (bytes.toString('base64url') !== id) return false;
  if (bytes.length !== ID_RANDOM_BYTES + ID_MARK_BYTES) return false;
  const mark = idMark(file.idSecret, ring, bytes.subarray(0, ID_RANDOM_BYTES));
  return timingSafeEqual(mark, bytes.subarray(ID_RANDOM_BYTES));
}

async function newSigningKey(kid: string): Promise<JWK> {
  const pair = await generateKeyPair(TOKEN_ALGORITHM, { extractable: true });
  return { ...(await exportJWK(pair.privateKey)), kid, alg: TOKEN_ALGORITHM, use: 'sig' };
}

/** Makes a new key of the ring current in place and returns its id; the old ones stay readable. */
export async function addKey(file: KeyFile, ring: Ring): Promise<string> {
  const id = newKeyId(file.idSecret, ring);
  if (ring === 'tokens') file.tokens.keys[id] = await newSigningKey(id);
  else file[ring].keys[id] = randomBytes(KEY_BYTES).toString('base64');
  file[ring].current = id;
  return id;
}

/** A complete set of new keys, in memory only. */
export async function newKeyFile(): Promise<KeyFile> {
  const file: KeyFile = {
    idSecret: randomBytes(KEY_BYTES).toString('base64'),
    fields: { current: '', keys: {} },
    payloads: { current: '', keys: {} },
    sealing: { current: '', keys: {} },
    tokens: { current: '', keys: {} },
  };
  for (const ring of RINGS) await addKey(file, ring);
  return file;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSymmetricKey(value: unknown): boolean {
  return typeof value === 'string' && Buffer.from(value, 'base64').length === KEY_BYTES;
}

function isSigningKey(value: unknown): boolean {
  return isRecord(value) && value['alg'] === TOKEN_ALGORITHM && typeof value['d'] === 'string';
}

function faultOfRing(ring: Ring, set: unknown): string | null {
  if (!isRecord(set) || !isRecord(set['keys'])) return `"${ring}" is missing`;
  const { current, keys } = set;
  if (typeof current !== 'string' || !Object.hasOwn(keys as object, current)) {
    return `"${ring}.current" names no key of "${ring}.keys"`;
  }
  const isKey = ring === 'tokens' ? isSigningKey : isSymmetricKey;
  const bad = Object.entries(keys as object).find(([, key]) => !isKey(key));
  return bad === undefined ? null : `"${ring}.keys" holds a malformed key`;
}

/** Checks the shape of a key file. Throws an Error that names the fault, never a value. */
export function parseKeyFile(text: string): KeyFile {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error('The key file is not valid JSON');
  }
  if (!isRecord(content) || !isSymmetricKey(content['idSecret'])) {
    throw new Error('The key file is malformed: "idSecret" is missing');
  }
  for (const ring of RINGS) {
    const fault = faultOfRing(ring, content[ring]);
    if (fault !== null) throw new Error(`The key file is malformed: ${fault}`);
  }
  return content as unknown as KeyFile;
}

export async function readKeyFile(path: string): Promise<KeyFile> {
  return parseKeyFile(await readFile(path, 'utf8'));
}

async function writeDurably(path: string, file: KeyFile): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(file, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a key file for its owner's eyes only (0600); refuses to replace an existing one. */
export async function writeNewKeyFile(path: string, file: KeyFile): Promise<void> {
  await writeDurably(path, file);
}

/** Replaces a key file in one step: a reader sees the old or the new one, never a part. */
export async function replaceKeyFile(path: string, file: KeyFile): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDurably(draft, file);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
