import { createHmac, randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { type KeyRing, ephemeralKeyRing } from '../../crypto/key-ring.ts';
import { type RoomGrant, issueRoomToken, verifyRoomToken } from '../../crypto/room-tokens.ts';

let ring: KeyRing;
beforeAll(async () => {
  ring = await ephemeralKeyRing();
});

const hostId = randomUUID();
const grant: RoomGrant = {
  sessionId: randomUUID(),
  personId: randomUUID(),
  role: 'participant',
  displayName: 'Alex M.',
  epoch: 3,
  hostId,
  mode: 'video',
};

function withPayload(token: string, change: (payload: Record<string, unknown>) => void): string {
  const [head, body, signature] = token.split('.') as [string, string, string];
  const payload = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
  change(payload);
  const changed = Buffer.from(JSON.stringify(payload)).toString('base64url');
  return [head, changed, signature].join('.');
}

test('A token says who may come into which placement of which room, on one host', async () => {
  const token = await issueRoomToken(ring, grant);
  await expect(verifyRoomToken(ring, token, { hostId })).resolves.toEqual(grant);
  await expect(verifyRoomToken(ring, token, { hostId: randomUUID() })).rejects.toMatchObject({
    code: 'wrong_state',
  });
});

test('A token outlives a rotation of the keys, and ends when its time is over', async () => {
  const rotating = await ephemeralKeyRing();
  const token = await issueRoomToken(rotating, grant);
  await rotating.rotate('fields');
  await expect(verifyRoomToken(rotating, token, { hostId })).resolves.toEqual(grant);
  const late = await issueRoomToken(rotating, grant, -1_000);
  await expect(verifyRoomToken(rotating, late, { hostId })).rejects.toMatchObject({
    code: 'token_expired',
  });
});

test('Nothing that was changed, made elsewhere or made for something else is a room token', async () => {
  const token = await issueRoomToken(ring, grant);
  const [, body] = token.split('.') as [string, string];
  const { id, key } = await ring.current('fields');
  const claims = { room: { ...grant, role: 'host' }, sub: grant.personId, aud: 'holdfast-room' };
  const underived = (): SignJWT =>
    new SignJWT({ ...claims, exp: Math.floor(Date.now() / 1000) + 60 });
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'room+jwt', kid: id }));
  const unsigned = `${none.toString('base64url')}.${body}`;
  const access = await ring.signingKey();
  const forgeries = [
    withPayload(token, (payload) => ((payload['room'] as { role: string }).role = 'host')),
    withPayload(token, (payload) => ((payload['room'] as { epoch: number }).epoch = 4)),
    withPayload(token, (payload) => (payload['exp'] = 9_999_999_999)),
    await issueRoomToken(await ephemeralKeyRing(), grant),
    await underived().setProtectedHeader({ alg: 'HS256', typ: 'room+jwt', kid: id }).sign(key),
    await underived()
      .setProtectedHeader({ alg: access.alg, typ: 'JWT', kid: access.kid })
      .sign(access.key),
    `${unsigned}.`,
    `${unsigned}.${createHmac('sha256', '').update(unsigned).digest('base64url')}`,
  ];
  const broken = ['', '.', '..', 'x.y.z', 'null', '\u0000', token.slice(0, -2), `${token}x`];
  for (const forged of [...forgeries, ...broken]) {
    await expect(verifyRoomToken(ring, forged, { hostId })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  }
});
