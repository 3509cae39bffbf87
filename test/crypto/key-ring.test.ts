import { mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SignJWT, jwtVerify } from 'jose';
import { createKeyRing, loadKeyRing } from '../../crypto/key-ring.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-keys-'));
  path = join(folder, 'keys.json');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the key file', () => {
  test('is readable by its owner alone, is never replaced by a new one, and leaves no draft', async () => {
    const ring = await createKeyRing(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const before = await readFile(path, 'utf8');
    await expect(createKeyRing(path)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path, 'utf8')).toBe(before);

    await ring.rotate('payloads');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['keys.json']);
  });

  test.each([
    ['not JSON', '{', /not valid JSON/],
    ['no rings', '{"idSecret":"' + 'A'.repeat(43) + '="}', /"fields" is missing/],
  ])('a malformed one is named without its values: %s', async (_name, text, message) => {
    await writeFile(path, text);
    await expect(loadKeyRing(path)).rejects.toThrow(message);
  });

  test('a short key is refused, and the message holds no part of it', async () => {
    await createKeyRing(path);
    const content = JSON.parse(await readFile(path, 'utf8'));
    content.payloads.keys[content.payloads.current] = 'c2hvcnQ=';
    await writeFile(path, JSON.stringify(content));
    const error = await loadKeyRing(path).catch((fault: Error) => fault);
    expect(String(error)).toMatch(/"payloads.keys" holds a malformed key/);
    expect(String(error)).not.toMatch(/c2hvcnQ/);
  });
});

describe('a running process', () => {
  test('finds a key that another process has added', async () => {
    const running = await createKeyRing(path);
    const operator = await loadKeyRing(path);
    const id = await operator.rotate('payloads');
    expect((await running.find('payloads', id))?.export()).toEqual(
      (await operator.get('payloads', id)).export(),
    );
    expect((await running.current('payloads')).id).toBe(id);
  });

  test('goes on with the keys it has while the file is unreadable, and recovers', async () => {
    const running = await createKeyRing(path);
    const good = await readFile(path, 'utf8');
    const old = await running.current('fields');
    await writeFile(path, 'half a fi');
    expect(await running.find('fields', 'unknown')).toBeUndefined();
    expect((await running.current('fields')).id).toBe(old.id);
    await writeFile(path, good);
    const id = await (await loadKeyRing(path)).rotate('fields');
    await utimes(path, new Date(), new Date());
    expect(await running.find('fields', id)).toBeDefined();
  });

  test('knows its own ids from invented and respelled ones', async () => {
    const ring = await createKeyRing(path);
    const { id } = await ring.current('payloads');
    expect(ring.isOwnId('payloads', id)).toBe(true);
    expect(ring.isOwnId('fields', id)).toBe(false);
    expect(ring.isOwnId('payloads', `${id}=`)).toBe(false);
    expect(ring.isOwnId('payloads', `${id}\n`)).toBe(false);
    expect(ring.isOwnId('payloads', 'A'.repeat(20))).toBe(false);
    expect(ring.isOwnId('payloads', '__proto__')).toBe(false);
  });
});

describe('token keys', () => {
  test('a token outlives one rotation, not two', async () => {
    const ring = await createKeyRing(path);
    const other = await loadKeyRing(path);
    const { kid, alg, key } = await ring.signingKey();
    const token = await new SignJWT({}).setProtectedHeader({ kid, alg }).sign(key);
    await ring.rotate('tokens');
    const verifying = await other.verificationKey(kid);
    await expect(jwtVerify(token, verifying!)).resolves.toBeDefined();
    expect((await ring.signingKey()).kid).not.toBe(kid);

    const next = await ring.rotate('tokens');
    await expect(other.verificationKey(next)).resolves.toBeDefined();
    expect(await other.verificationKey(kid)).toBeUndefined();
  });

  test('the published set holds no private part', async () => {
    const ring = await createKeyRing(path);
    const [jwk] = ring.publicJwks().keys;
    expect(jwk).toMatchObject({ kty: 'EC', alg: 'ES256', use: 'sig' });
    expect(jwk).not.toHaveProperty('d');
  });
});
