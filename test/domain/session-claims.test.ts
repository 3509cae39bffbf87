import { expect, test } from '@jest/globals';
import { claimWishes } from '../../domain/session-claims.ts';

const MINUTE_MS = 60_000;
const session = {
  door: 'therapy',
  therapistId: 't',
  clientId: 'c',
  startsAt: 600 * MINUTE_MS,
  endsAt: 650 * MINUTE_MS,
  buffers: { beforeMs: 5 * MINUTE_MS, afterMs: 10 * MINUTE_MS },
};

test('the therapist’s time is claimed with its buffers, the client’s without', () => {
  expect(claimWishes(session)).toEqual([
    { personId: 't', startMs: 595 * MINUTE_MS, endMs: 660 * MINUTE_MS },
    { personId: 'c', startMs: 600 * MINUTE_MS, endMs: 650 * MINUTE_MS },
  ]);
});

test('a group claims its host alone', () => {
  expect(claimWishes({ ...session, clientId: null }).map(({ personId }) => personId)).toEqual([
    't',
  ]);
});

test('a crisis claims the therapist alone: its client is never refused for a calendar', () => {
  const people = claimWishes({ ...session, door: 'crisis' }).map(({ personId }) => personId);
  expect(people).toEqual(['t']);
});
