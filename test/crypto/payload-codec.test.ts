import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import { KeyRing, createKeyRing, loadKeyRing } from '../../crypto/key-ring.ts';
import { newKeyFile, readKeyFile } from '../../crypto/key-file.ts';
import { EncryptionCodec, UNDECODABLE } from '../../crypto/payload-codec.ts';

let folder: string;
let path: string;
let ring: KeyRing;
let codec: EncryptionCodec;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-keys-'));
  path = join(folder, 'keys.json');
  ring = await createKeyRing(path);
  codec = new EncryptionCodec(ring);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const clear = (value: unknown): Payload => defaultPayloadConverter.toPayload(value)!;
const valueOf = (payload: Payload | undefined): unknown =>
  defaultPayloadConverter.fromPayload(payload!);

async function encode(value: unknown): Promise<Payload> {
  return (await codec.encode([clear(value)]))[0]!;
}

async function decode(payload: Payload, by = codec): Promise<unknown> {
  return valueOf((await by.decode([payload]))[0]);
}

test('nothing of the value is readable, and it comes back with its metadata', async () => {
  for (const value of ['a marked text', { nested: ['ü', null, 3] }, null, Buffer.from('raw')]) {
    const encoded = await encode(value);
    expect(Buffer.from(encoded.data!).includes('marked')).toBe(false);
    expect(Object.keys(encoded.metadata!).toSorted()).toEqual(['encoding', 'encryption-key-id']);
    const [decoded] = await codec.decode([encoded]);
    expect(decoded?.metadata).toEqual(clear(value).metadata);
    expect(await decode(encoded)).toEqual(valueOf(clear(value)));
  }
});

test('no value at all stays as it is: there is nothing to hide', async () => {
  expect(await encode(undefined)).toEqual(clear(undefined));
  expect(await decode(await encode(undefined))).toBeUndefined();
});

test('a payload in clear passes, so that a signal from the CLI works', async () => {
  expect(await decode(clear({ approvedBy: 'x' }))).toEqual({ approvedBy: 'x' });
});

test('a payload in clear that no converter can read is refused, never a stalled workflow', async () => {
  const text = (encoding: string, data: string): Payload => ({
    metadata: { encoding: Buffer.from(encoding) },
    data: Buffer.from(data),
  });
  for (const payload of [
    text('unknown/thing', 'garbage'),
    text('json/protobuf', '{}'),
    text('json/plain', 'garbage'),
    text('json/plain', ''),
    text('', '{}'),
    { data: Buffer.from('{}') },
  ]) {
    expect(await decode(payload)).toEqual(UNDECODABLE);
  }
  expect(await decode(text('binary/plain', 'raw'))).toEqual(Buffer.from('raw'));
});

test('after a rotation old payloads open, and a running process opens new ones', async () => {
  const old = await encode('old');
  const operator = await loadKeyRing(path);
  await operator.rotate('payloads');
  const fresh = await new EncryptionCodec(operator).encode([clear('new')]);
  expect(fresh[0]?.metadata?.['encryption-key-id']).not.toEqual(
    old.metadata?.['encryption-key-id'],
  );
  expect(await decode(fresh[0]!)).toBe('new');
  expect(await decode(old, new EncryptionCodec(await loadKeyRing(path)))).toBe('old');
});

describe('what never opens becomes an argument that handlers refuse, the same each time', () => {
  test.each([
    ['an invented key id', 'encryption-key-id', Buffer.from('nobody')],
    ['no key id', 'encryption-key-id', undefined],
    ['a respelled key id', 'encryption-key-id', 'respell'],
  ])('%s', async (_name, field, value) => {
    const encoded = await encode('x');
    const own = Buffer.from(encoded.metadata![field]!).toString();
    const metadata: Record<string, Uint8Array> = { ...encoded.metadata };
    if (value === undefined) delete metadata[field];
    else metadata[field] = Buffer.from(value === 'respell' ? `${own}=` : value);
    expect(await decode({ ...encoded, metadata })).toEqual(UNDECODABLE);
  });

  test('forged, cut and empty texts', async () => {
    const encoded = await encode('x');
    const flipped = Buffer.from(encoded.data!);
    flipped[flipped.length - 1]! ^= 1;
    for (const data of [flipped, flipped.subarray(0, 8), new Uint8Array(), null]) {
      expect(await decode({ ...encoded, data } as Payload)).toEqual(UNDECODABLE);
    }
  });

  test('another installation', async () => {
    const theirs = new EncryptionCodec(new KeyRing(await newKeyFile(), null));
    expect(await decode((await theirs.encode([clear('x')]))[0]!)).toEqual(UNDECODABLE);
  });
});

test('a key of ours that is not here yet is waited for instead', async () => {
  const encoded = await encode('x');
  const file = await readKeyFile(path);
  const lacking = { ...file, payloads: (await newKeyFile()).payloads };
  const codecWithout = new EncryptionCodec(new KeyRing(lacking, null));
  await expect(codecWithout.decode([encoded])).rejects.toMatchObject({
    code: 'dependency_unavailable',
  });
});
