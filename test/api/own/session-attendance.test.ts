import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type PresenceKind, recordPresence } from '../../../db/room-presence.ts';
import { settleAttendance } from '../../../db/session-attendance.ts';
import type { RoomRole } from '../../../domain/room-state.ts';
import { newSession, tryBooking } from '../../activities/session/bench.ts';
import { type TestApi, type TestPerson, startTestApi } from '../../support/api.ts';

const MINUTE_MS = 60_000;
let api: TestApi;
let therapist: TestPerson;
let client: TestPerson;
let observer: TestPerson;
let admin: TestPerson;

beforeAll(async () => {
  api = await startTestApi();
  [therapist, client, observer, admin] = await Promise.all([
    api.person({ role: 'counselor', isTherapist: true }),
    api.person(),
    api.person({ role: 'counselor' }),
    api.person({ role: 'admin' }),
  ]);
}, 60_000);
afterAll(() => api.close());

let days = 0;
async function session(status: string): Promise<string> {
  days += 1;
  const startsAt = Date.now() - days * 86_400_000;
  const wish = { therapistId: therapist.id, clientId: client.id, startsAt };
  const booked = newSession(api.clinicId, wish);
  expect(await tryBooking(api.knex, booked)).toBe('booked');
  await api.knex('sessions').where({ id: booked.id }).update({ status });
  return booked.id;
}

type Step = readonly [minute: number, who: TestPerson, kind: PresenceKind, role: RoomRole];

async function ledger(sessionId: string, steps: readonly Step[]): Promise<void> {
  for (const [minute, { id: personId }, kind, role] of steps) {
    const at = new Date(Date.UTC(2026, 0, 5, 10, 0, 0) + minute * MINUTE_MS);
    await recordPresence(api.knex, { sessionId, personId, kind, role, epoch: 1, at });
  }
}

async function read(id: string, { token }: TestPerson): Promise<Record<string, unknown>> {
  const reply = await api.call<Record<string, unknown>>(
    'GET',
    `/api/v1/sessions/${id}/attendance`,
    undefined,
    { token },
  );
  return { answered: reply.status, ...reply.body };
}

test('billed is the time with the therapist: not the waiting, an absence or an observer', async () => {
  const id = await session('completed');
  await ledger(id, [
    [0, client, 'waiting', 'participant'],
    [2, observer, 'joined', 'observer'],
    [5, therapist, 'joined', 'host'],
    [10, client, 'joined', 'participant'],
    // Gone for longer than the grace, and back.
    [20, client, 'left', 'participant'],
    [25, client, 'joined', 'participant'],
    [35, therapist, 'left', 'host'],
    [36, therapist, 'joined', 'host'],
    [40, therapist, 'left', 'host'],
    [45, client, 'left', 'participant'],
  ]);
  await settleAttendance(api.knex, id);
  const early = await read(id, therapist);
  expect(early).toMatchObject({ answered: 200, billedMinutes: 24, isFinal: false });
  await ledger(id, [[50, observer, 'left', 'observer']]);
  await settleAttendance(api.knex, id);
  await settleAttendance(api.knex, id);
  const of = (personId: string) => expect.objectContaining({ personId });
  const settled = await read(id, admin);
  expect(settled).toMatchObject({
    answered: 200,
    status: 'completed',
    scheduledMinutes: 50,
    billedMinutes: 24,
    startedAt: '2026-01-05T10:10:00.000Z',
    endedAt: '2026-01-05T10:40:00.000Z',
    isFinal: true,
    people: expect.arrayContaining([of(therapist.id), of(client.id), of(observer.id)]),
  });
  const people = settled['people'] as { personId: string }[];
  const rows = new Map(people.map((each) => [each.personId, each]));
  expect(rows.get(therapist.id)).toMatchObject({ insideMinutes: 34, billedMinutes: 24 });
  expect(rows.get(client.id)).toMatchObject({
    attendance: 'attended',
    role: 'participant',
    insideMinutes: 30,
    billedMinutes: 24,
  });
  expect(rows.get(observer.id)).toMatchObject({ insideMinutes: 48, billedMinutes: 0 });
  // A ledger that is looked at again later changes nothing of what was put down.
  expect(await api.knex('session_attendance').where({ session_id: id })).toHaveLength(3);
});

test('nobody is billed for a session to which its client did not come, nor before it is over', async () => {
  const id = await session('in_progress');
  await ledger(id, [
    [0, therapist, 'joined', 'host'],
    [20, therapist, 'left', 'host'],
  ]);
  await settleAttendance(api.knex, id);
  expect(await api.knex('session_attendance').where({ session_id: id })).toEqual([]);
  expect(await read(id, therapist)).toMatchObject({ isFinal: false, billedMinutes: 0 });
  await api.knex('sessions').where({ id }).update({ status: 'no_show' });
  await settleAttendance(api.knex, id);
  expect(await read(id, therapist)).toMatchObject({
    isFinal: true,
    billedMinutes: 0,
    startedAt: null,
    people: [
      { personId: therapist.id, attendance: 'attended', insideMinutes: 20, billedMinutes: 0 },
      { personId: client.id, attendance: 'absent', cameAt: null, insideMinutes: 0 },
    ],
  });
  expect(await read(id, client)).toMatchObject({ answered: 403 });
  expect(await read(id, await api.person())).toMatchObject({ answered: 404 });
});
