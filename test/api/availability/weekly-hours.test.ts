import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import {
  type NewWeeklyHours,
  changeWeeklyHours,
  createWeeklyHours,
  listWeeklyHours,
  removeWeeklyHours,
} from '../../../api/availability/weekly-hours.ts';
import type { Call } from '../../../api/http/handler.ts';
import { type Name, type TestClinic, startClinic } from '../own/clinic.ts';

let clinic: TestClinic;
beforeAll(async () => {
  clinic = await startClinic();
}, 120_000);
afterAll(() => clinic.api.close());
beforeEach(() => clinic.api.knex('availability_rules').del());

function callOf(name: Name, role = 'counselor', id = newId()): Call {
  const principal = { personId: clinic.ids[name], clinicId: clinic.clinicId, role };
  return { deps: clinic.api.deps, principal, newId: id, requestId: 'test', params: {} } as never;
}

function hours(dayOfWeek: number, from: number, to: number): NewWeeklyHours {
  return { dayOfWeek, startMinute: from * 60, endMinute: to * 60, notes: null };
}

const OVERLAP = { code: 'availability_overlap' };

describe('weekly hours', () => {
  test('touch but never overlap, however many are made at once', async () => {
    await createWeeklyHours(callOf('sarah'), hours(1, 9, 12));
    await createWeeklyHours(callOf('sarah'), hours(1, 12, 13));
    await createWeeklyHours(callOf('jonas'), hours(1, 9, 12));
    const racing = [14, 15, 16, 17].map((to) =>
      createWeeklyHours(callOf('sarah'), hours(1, 13, to)),
    );
    const settled = await Promise.allSettled(racing);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of settled) {
      if (each.status === 'rejected') expect(each.reason).toMatchObject(OVERLAP);
    }
    expect(await listWeeklyHours(callOf('sarah'))).toHaveLength(3);
  });

  test('that are switched off are in nobody’s way until they are switched on', async () => {
    const whole = await createWeeklyHours(callOf('sarah'), hours(1, 9, 17));
    await changeWeeklyHours(callOf('sarah'), whole.id, { isAvailable: false });
    const short = await createWeeklyHours(callOf('sarah'), hours(1, 10, 12));
    await expect(
      changeWeeklyHours(callOf('sarah'), whole.id, { isAvailable: true }),
    ).rejects.toMatchObject(OVERLAP);
    await removeWeeklyHours(callOf('sarah'), short.id);
    const on = await changeWeeklyHours(callOf('sarah'), whole.id, { isAvailable: true });
    expect(on).toMatchObject({ startMinute: 540, endMinute: 1020, isAvailable: true });
  });

  test('are made once by a request that is retried', async () => {
    const id = newId();
    await createWeeklyHours(callOf('sarah', 'counselor', id), hours(2, 9, 17));
    const again = await createWeeklyHours(callOf('sarah', 'counselor', id), hours(2, 9, 17));
    expect(again.id).toBe(id);
    expect(await listWeeklyHours(callOf('sarah'))).toHaveLength(1);
  });

  test('must start before they end, also by a change of one end', async () => {
    await expect(createWeeklyHours(callOf('sarah'), hours(1, 9, 9))).rejects.toMatchObject({
      code: 'invalid_time',
    });
    const { id } = await createWeeklyHours(callOf('sarah'), hours(1, 9, 12));
    await expect(
      changeWeeklyHours(callOf('sarah'), id, { startMinute: 720 }),
    ).rejects.toMatchObject({ code: 'invalid_time' });
  });

  test('belong to therapists, each to their own', async () => {
    const { id } = await createWeeklyHours(callOf('sarah'), hours(1, 9, 12));
    for (const role of ['patient', 'staff', 'admin', 'peer']) {
      await expect(createWeeklyHours(callOf('alex', role), hours(1, 9, 12))).rejects.toMatchObject({
        code: 'forbidden',
      });
    }
    await expect(removeWeeklyHours(callOf('jonas'), id)).rejects.toMatchObject({
      code: 'forbidden',
    });
    for (const unknown of [newId(), 'avail_123']) {
      await expect(removeWeeklyHours(callOf('jonas'), unknown)).rejects.toMatchObject({
        code: 'not_found',
      });
    }
  });

  test('keep their notes sealed', async () => {
    const { api } = clinic;
    const made = await createWeeklyHours(callOf('sarah'), {
      ...hours(1, 9, 12),
      notes: 'Back door',
    });
    await createWeeklyHours(callOf('sarah'), hours(3, 9, 12));
    expect(made.notes).toBe('Back door');
    const row = await api.knex('availability_rules').where({ id: made.id }).first();
    expect(row.notes.includes('Back door')).toBe(false);
    const listed = await listWeeklyHours(callOf('sarah'));
    expect(listed.map(({ notes }) => notes)).toEqual(['Back door', null]);
    const kept = await changeWeeklyHours(callOf('sarah'), made.id, { endMinute: 700 });
    expect(kept.notes).toBe('Back door');
    const gone = await changeWeeklyHours(callOf('sarah'), made.id, { notes: null });
    expect(gone.notes).toBeNull();
  });
});
