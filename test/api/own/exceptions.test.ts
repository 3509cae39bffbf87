import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type TestClinic, insertSession, startClinic } from './clinic.ts';

interface Exception {
  readonly id: string;
  readonly kind: string;
  readonly startDate: string;
  readonly endDate: string;
  readonly startMinute: number | null;
  readonly endMinute: number | null;
  readonly reason: string | null;
}

let clinic: TestClinic;
let path: string;
beforeAll(async () => {
  clinic = await startClinic();
  path = `/api/v1/therapists/${clinic.ids.sarah}/exceptions`;
}, 120_000);
afterAll(() => clinic.api.close());
beforeEach(() => clinic.api.knex('availability_exceptions').del());

const LEAVE = { kind: 'time_off', startDate: '2131-07-14', endDate: '2131-07-25' };

async function add(body: object): Promise<Exception> {
  const reply = await clinic.as<Exception>('sarah', 'POST', path, body);
  expect([reply.status, reply.body]).toEqual([201, reply.body]);
  return reply.body;
}

async function list(query = ''): Promise<Exception[]> {
  const { body } = await clinic.as<{ data: Exception[] }>('sarah', 'GET', path + query);
  return body.data;
}

describe('exceptions', () => {
  test('are written, listed by date and taken back; the reason is sealed', async () => {
    const { api } = clinic;
    const leave = await add({ ...LEAVE, reason: 'Knee surgery' });
    const extra = { kind: 'extra', startDate: '2131-08-01', startMinute: 1080, endMinute: 1440 };
    const late = await add(extra);
    expect(late).toMatchObject({ ...extra, endDate: '2131-08-01', reason: null });
    const row = await api.knex('availability_exceptions').where({ id: leave.id }).first();
    expect(row.reason.includes('Knee')).toBe(false);
    expect(await list()).toEqual([leave, late]);
    expect(await list('?from=2131-07-25&to=2131-07-31')).toEqual([leave]);
    expect(await list('?from=2131-07-26')).toEqual([late]);
    expect(await list('?to=2131-07-13')).toEqual([]);
    const { body } = await clinic.as<{ nextCursor: string }>('sam', 'GET', `${path}?limit=1`);
    expect(await list(`?limit=1&cursor=${body.nextCursor}`)).toEqual([late]);
    const gone = await clinic.as('sam', 'DELETE', `${path}/${leave.id}`);
    expect([gone.status, (await list()).length]).toEqual([204, 1]);
    const again = await clinic.as('sam', 'DELETE', `${path}/${leave.id}`);
    expect(again.status).toBe(404);
    const other = path.replace(clinic.ids.sarah, clinic.ids.jonas);
    const elsewhere = await clinic.as('sam', 'DELETE', `${other}/${late.id}`);
    expect(elsewhere.status).toBe(404);
  });

  test.each([
    [{ startDate: '2131-02-29' }, 'startDate'],
    [{ startDate: '2131-07-26' }, 'endDate'],
    [{ endDate: '2132-07-14' }, 'endDate'],
    [{ startMinute: 540 }, 'endMinute'],
    [{ endMinute: 540 }, 'startMinute'],
    [{ endDate: '2131-07-14', startMinute: 540, endMinute: 540 }, 'endMinute'],
    [{ kind: 'extra', startMinute: 600, endMinute: 540 }, 'endMinute'],
    [{ endMinute: 1441, startMinute: 0 }, 'endMinute'],
    [{ reason: '' }, 'reason'],
    [{ sessionIds: ['x'] }, 'sessionIds.0'],
  ])('%j is refused', async (change, field) => {
    const { status, body } = await clinic.as('sarah', 'POST', path, { ...LEAVE, ...change });
    expect([status, (body['errors'] as { field: string }[])[0]?.field]).toEqual([400, field]);
  });

  test('over several days run from a late minute to an early one; past ones are refused', async () => {
    const overnight = { ...LEAVE, endDate: '2131-07-15', startMinute: 1200, endMinute: 480 };
    expect(await add(overnight)).toMatchObject(overnight);
    const past = { kind: 'time_off', startDate: '2020-01-01' };
    const { status, body } = await clinic.as('sarah', 'POST', path, past);
    expect([status, body['code']]).toEqual([422, 'time_in_past']);
    expect((await clinic.as('sarah', 'GET', `${path}?from=2131-02-30`)).status).toBe(400);
  });
});

describe('time off over booked sessions', () => {
  const at = (hour: number) => new Date(Date.UTC(2131, 6, 14, hour));
  const absences = () =>
    clinic.api.knex('outbox').where({ topic: 'absence.started' }).pluck('payload');

  test('names them until exactly they are confirmed, then starts the absence once', async () => {
    const first = await insertSession(clinic, {
      status: 'confirmed',
      startsAt: at(15),
      endsAt: at(16),
    });
    const refused = await clinic.as('sarah', 'POST', path, LEAVE);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      code: 'sessions_affected',
      sessions: [{ id: first, startsAt: at(15).toISOString(), status: 'confirmed' }],
    });
    const unnamed = await clinic.as('sarah', 'POST', path, { ...LEAVE, confirm: true });
    expect(unnamed.status).toBe(409);
    const second = await insertSession(clinic, {
      status: 'planned',
      startsAt: at(17),
      endsAt: at(18),
    });
    const stale = { ...LEAVE, confirm: true, sessionIds: [first] };
    const outdated = await clinic.as('sarah', 'POST', path, stale);
    expect([outdated.status, (outdated.body['sessions'] as unknown[]).length]).toEqual([409, 2]);
    expect([await list(), await absences()]).toEqual([[], []]);
    const named = { ...LEAVE, confirm: true, sessionIds: [second, first] };
    const key = { 'idempotency-key': 'leave' };
    const made = await clinic.as('sarah', 'POST', path, named, key);
    const again = await clinic.as('sarah', 'POST', path, named, key);
    expect([made.status, again.status, again.body]).toEqual([201, 201, made.body]);
    expect(await absences()).toEqual([
      {
        exceptionId: made.body['id'],
        therapistId: clinic.ids.sarah,
        sessionIds: [first, second],
      },
    ]);
  });

  test('leaves sessions outside of its minutes alone, in the therapist’s zone', async () => {
    await clinic.api.knex('sessions').del();
    await insertSession(clinic, { status: 'confirmed', startsAt: at(15), endsAt: at(16) });
    // Sarah works in New York: 15:00 UTC is eleven o'clock.
    const morning = { ...LEAVE, endDate: '2131-07-14', startMinute: 0 };
    await add({ ...morning, endMinute: 660 });
    const reply = await clinic.as('sarah', 'POST', path, { ...morning, endMinute: 661 });
    expect(reply.status).toBe(409);
  });
});
