import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { HoldfastError } from '../domain/errors.ts';
import {
  TOKEN_ALGORITHM,
  addKey,
  isOwnKeyId,
  newKeyFile,
  readKeyFile,
  replaceKeyFile,
  writeNewKeyFile,
} from './key-file.ts';
import type { KeyFile, Ring, SymmetricRing } from './key-file.ts';

export interface SymmetricKey {
  readonly id: string;
  readonly key: KeyObject;
}

export interface SigningKey {
  readonly kid: string;
  readonly alg: typeof TOKEN_ALGORITHM;
  readonly key: CryptoKey;
}

/** How long a running process may go on with a key that is no longer the current one, ms. */
const CURRENT_KEY_TTL_MS = 5_000;

function publicPart(jwk: JWK): JWK {
  const { d: _secret, ...rest } = jwk;
  return rest;
}

async function importSigningJwk(jwk: JWK): Promise<CryptoKey> {
  return (await importJWK(jwk, TOKEN_ALGORITHM)) as CryptoKey;
}

/**
 * The keys of one installation, as read from its key file. A running process notices a
 * rotation by itself: an id that it doesn't know, and a current key that it has not
 * compared for some seconds, make it look at the file again.
 */
export class KeyRing {
  readonly #path: string | null;
  #file: KeyFile;
  #fileVersion = '';
  #checkedAtMs = 0;
  readonly #secrets = new Map<string, KeyObject>();
  readonly #signing = new Map<string, Promise<CryptoKey>>();
  readonly #verifying = new Map<string, Promise<CryptoKey>>();

  constructor(file: KeyFile, path: string | null) {
    this.#file = file;
    this.#path = path;
  }

  /** The current key of a ring for new ciphertexts; at most a few seconds behind the file. */
  async current(ring: SymmetricRing): Promise<SymmetricKey> {
    await this.#refreshIfStale();
    const id = this.#file[ring].current;
    return { id, key: this.#secret(ring, id) };
  }

  /** A key by its id, or undefined when neither memory nor the file has it. */
  async find(ring: SymmetricRing, id: string): Promise<KeyObject | undefined> {
    if (!Object.hasOwn(this.#file[ring].keys, id)) await this.refresh();
    if (!Object.hasOwn(this.#file[ring].keys, id)) return undefined;
    return this.#secret(ring, id);
  }

  /** A key by its id. Throws `dependency_unavailable` when this process can't get it. */
  async get(ring: SymmetricRing, id: string): Promise<KeyObject> {
    const key = await this.find(ring, id);
    if (key !== undefined) return key;
    throw new HoldfastError('dependency_unavailable', `The key file has no key ${id} (${ring})`);
  }

  /** Whether this installation made the id, even if the key itself is not at hand. */
  isOwnId(ring: Ring, id: string): boolean {
    return Object.hasOwn(this.#file[ring].keys, id) || isOwnKeyId(this.#file, ring, id);
  }

  /** Every key id of a ring that can still be read; the current one first. */
  ids(ring: Ring): readonly string[] {
    const { current, keys } = this.#file[ring];
    return [current, ...Object.keys(keys).filter((id) => id !== current)];
  }

  /** The private key for new access tokens. */
  async signingKey(): Promise<SigningKey> {
    await this.#refreshIfStale();
    const { current: kid, keys } = this.#file.tokens;
    const key = await remembered(this.#signing, kid, () => importSigningJwk(keys[kid]!));
    return { kid, alg: TOKEN_ALGORITHM, key };
  }

  /** The public key of a token's `kid`, or undefined for an unknown one. */
  async verificationKey(kid: string): Promise<CryptoKey | undefined> {
    const known = this.#verifying.get(kid);
    if (known !== undefined) return known;
    if (!isOwnKeyId(this.#file, 'tokens', kid)) return undefined;
    if (!Object.hasOwn(this.#file.tokens.keys, kid)) await this.refresh();
    const jwk = Object.hasOwn(this.#file.tokens.keys, kid)
      ? this.#file.tokens.keys[kid]
      : undefined;
    if (jwk === undefined) return undefined;
    return remembered(this.#verifying, kid, () => importSigningJwk(publicPart(jwk)));
  }

  /** The public halves of all token keys, for a JWKS endpoint. */
  publicJwks(): { keys: JWK[] } {
    return { keys: Object.values(this.#file.tokens.keys).map(publicPart) };
  }

  /** Reads the key file again if it has changed. An unreadable file leaves the keys as they are. */
  async refresh(): Promise<void> {
    if (this.#path === null) return;
    try {
      const { ino, mtimeNs, size } = await stat(this.#path, { bigint: true });
      const version = `${ino}:${mtimeNs}:${size}`;
      if (version !== this.#fileVersion) {
        this.#replace(await readKeyFile(this.#path));
        this.#fileVersion = version;
      }
    } catch {
      // The keys in memory still work; the next unknown id looks at the file again.
    }
    this.#checkedAtMs = performance.now();
  }

  /**
   * Makes a new key of the ring current and returns its id. Token keys older than the
   * previous one are dropped; every other key stays until {@link retire}.
   */
  async rotate(ring: Ring): Promise<string> {
    const file = await this.#edit();
    const previous = file[ring].current;
    const id = await addKey(file, ring);
    if (ring === 'tokens') {
      for (const old of Object.keys(file.tokens.keys)) {
        if (old !== id && old !== previous) delete file.tokens.keys[old];
      }
    }
    await this.#save(file);
    return id;
  }

  /** Removes keys that nothing needs any more. The current one can't be removed. */
  async retire(ring: Ring, ids: readonly string[]): Promise<void> {
    const file = await this.#edit();
    if (ids.includes(file[ring].current))
      throw new Error(`The current ${ring} key can't be retired`);
    for (const id of ids) delete file[ring].keys[id];
    await this.#save(file);
  }

  async #edit(): Promise<KeyFile> {
    return this.#path === null ? structuredClone(this.#file) : readKeyFile(this.#path);
  }

  async #save(file: KeyFile): Promise<void> {
    if (this.#path !== null) await replaceKeyFile(this.#path, file);
    this.#replace(file);
  }

  async #refreshIfStale(): Promise<void> {
    if (this.#path === null) return;
    if (performance.now() - this.#checkedAtMs >= CURRENT_KEY_TTL_MS) await this.refresh();
  }

  #replace(file: KeyFile): void {
    this.#file = file;
    for (const cache of [this.#secrets, this.#signing, this.#verifying]) cache.clear();
  }

  #secret(ring: SymmetricRing, id: string): KeyObject {
    const name = `${ring} ${id}`;
    const known = this.#secrets.get(name);
    if (known !== undefined) return known;
    const key = createSecretKey(Buffer.from(this.#file[ring].keys[id]!, 'base64'));
    this.#secrets.set(name, key);
    return key;
  }
}

function remembered<T>(
  cache: Map<string, Promise<T>>,
  name: string,
  make: () => Promise<T>,
): Promise<T> {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const made = make();
  cache.set(name, made);
  return made;
}

/** Opens an existing key file. Throws when it is missing or malformed, naming the fault, never a value. */
export async function loadKeyRing(path: string): Promise<KeyRing> {
  const ring = new KeyRing(await readKeyFile(path), path);
  await ring.refresh();
  return ring;
}

/** Writes new keys to a file that does not exist yet (mode 0600) and opens it. */
export async function createKeyRing(path: string): Promise<KeyRing> {
  await writeNewKeyFile(path, await newKeyFile());
  return loadKeyRing(path);
}

/** New keys in memory only, for tests. */
export async function ephemeralKeyRing(): Promise<KeyRing> {
  return new KeyRing(await newKeyFile(), null);
}
