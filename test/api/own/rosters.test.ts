import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { advanceAlert, openAlert } from '../../../domain/alert.ts';
import { DEFAULT_POLICIES } from '../../../domain/escalation-policy.ts';
import type { EscalationPolicy } from '../../../domain/escalation-policy.ts';
import { readEscalationContext } from '../../../db/on-call.ts';
import { type TestClinic, startClinic } from './clinic.ts';

let clinic: TestClinic;
beforeAll(async () => {
  clinic = await startClinic();
}, 120_000);
afterAll(() => clinic.api.close());
beforeEach(async () => {
  const { knex } = clinic.api;
  await knex('escalation_policies').delete();
  await knex('roster_overrides').delete();
  await knex('rosters').delete();
});

interface Roster {
  readonly id: string;
  readonly version: number;
}

interface Problem {
  readonly code: string;
  readonly errors?: unknown;
}

interface Shifts {
  readonly data: readonly {
    startsAt: string;
    endsAt: string;
    personId: string;
    insteadOf: string | null;
  }[];
  readonly gaps: readonly unknown[];
}

const rotation = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  people: [clinic.ids.sarah, clinic.ids.maya],
  shiftMinutes: 1_440,
  handOverTime: '02:30',
  timeZone: 'america/new_york',
  startsOn: '2031-03-07',
  ...changes,
});
const body = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: 'Nights',
  rotations: [rotation()],
  ...changes,
});

async function create(given: unknown = body()): Promise<Roster> {
  const { status, body: made } = await clinic.as<Roster>('alex', 'POST', '/api/v1/rosters', given);
  expect([status, made]).toEqual([201, made]);
  return made;
}

function shiftsOf(id: string, from: string, to: string): Promise<{ body: Shifts }> {
  const query = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
  return clinic.as<Shifts>('alex', 'GET', `/api/v1/rosters/${id}/shifts?${query}`);
}

describe('a roster', () => {
  test('is shown as it was given, its zone in the usual spelling, and replaced by version', async () => {
    const made = await create();
    expect(made).toMatchObject({
      version: 1,
      rotations: [{ timeZone: 'America/New_York', handOverTime: '02:30', endsOn: null }],
    });
    const listed = await clinic.as<{ data: Roster[] }>('alex', 'GET', '/api/v1/rosters');
    expect(listed.body.data).toEqual([made]);
    const path = `/api/v1/rosters/${made.id}`;
    const version = { 'if-match': '"1"' };
    const change = body({ name: 'Days' });
    const [first, second] = await Promise.all([
      clinic.as('alex', 'PUT', path, change, version),
      clinic.as<Problem>('alex', 'PUT', path, change, version),
    ]);
    expect([first?.status, second?.status].toSorted()).toEqual([200, 409]);
    expect((await clinic.as('stranger', 'PUT', path, change)).status).toBe(404);
  });

  test('shows whole shifts, hand-overs by the wall clock over a change of clocks', async () => {
    const { id } = await create();
    const { body: shown } = await shiftsOf(id, '2031-03-08T12:00:00Z', '2031-03-10T12:00:00Z');
    expect(shown.data.map(({ startsAt, personId }) => [startsAt, personId])).toEqual([
      ['2031-03-08T07:30:00.000Z', clinic.ids.maya],
      ['2031-03-09T07:00:00.000Z', clinic.ids.sarah],
      ['2031-03-10T06:30:00.000Z', clinic.ids.maya],
    ]);
    expect(shown.gaps).toEqual([]);
    const early = await shiftsOf(id, '2031-03-01T00:00:00Z', '2031-03-08T00:00:00Z');
    expect(early.body.gaps).toEqual([
      { startsAt: '2031-03-01T00:00:00.000Z', endsAt: '2031-03-07T07:30:00.000Z' },
    ]);
  });

  test('has stand-ins between instants, the later made before the earlier', async () => {
    const { id } = await create();
    const stand = (personId: string, insteadOf: string) =>
      clinic.as('alex', 'POST', `/api/v1/rosters/${id}/overrides`, {
        personId,
        insteadOf,
        startsAt: '2031-03-11T12:00:00Z',
        endsAt: '2031-03-11T18:00:00Z',
      });
    const { sarah, jonas, quinn } = clinic.ids;
    expect((await stand(jonas, sarah)).status).toBe(201);
    expect((await stand(quinn, jonas)).status).toBe(201);
    const { body: shown } = await shiftsOf(id, '2031-03-11T13:00:00Z', '2031-03-11T14:00:00Z');
    expect(shown.data).toEqual([
      expect.objectContaining({
        personId: quinn,
        insteadOf: sarah,
        startsAt: '2031-03-11T12:00:00.000Z',
        endsAt: '2031-03-11T18:00:00.000Z',
      }),
    ]);
  });

  test.each([
    ['a patient', () => rotation({ people: [clinic.ids.ada] }), 422, 'refused_by_rule'],
    ['a stranger', () => rotation({ people: [clinic.ids.stranger] }), 422, 'refused_by_rule'],
    ['no zone', () => rotation({ timeZone: 'Mars/Base' }), 400, 'malformed_request'],
    ['no time', () => rotation({ handOverTime: '25:00' }), 400, 'malformed_request'],
    ['no day', () => rotation({ startsOn: '2031-02-30' }), 400, 'malformed_request'],
    ['an end before', () => rotation({ endsOn: '2031-03-07' }), 400, 'malformed_request'],
    ['nobody', () => rotation({ people: [] }), 400, 'malformed_request'],
  ])('with %s is refused', async (_name, given, status, code) => {
    const made = await clinic.as<Problem>(
      'alex',
      'POST',
      '/api/v1/rosters',
      body({ rotations: [given()] }),
    );
    expect([made.status, made.body.code]).toEqual([status, code]);
  });

  test.each([
    ['2031-03-08T12:00:00Z', '2031-03-08T12:00:00Z'],
    ['2031-03-08T12:00:00Z', '2032-03-08T12:00:00Z'],
    ['soon', '2031-03-08T12:00:00Z'],
  ])('is not expanded from %s to %s', async (from, to) => {
    const { id } = await create();
    expect(await shiftsOf(id, from, to)).toMatchObject({ status: 400 });
  });
});

describe('escalation policies', () => {
  const PATH = '/api/v1/escalation-policies';
  interface Shown {
    readonly version: number;
    readonly data: readonly (EscalationPolicy & { severity: string; isDefault: boolean })[];
  }
  const critical = (rosterId: string): EscalationPolicy => ({
    ...DEFAULT_POLICIES.critical,
    steps: [{ targets: [{ kind: 'roster', rosterId }], channels: ['voice'], waitMs: 30_000 }],
  });

  test('are sensible without a word: rosters first, then ever more people', async () => {
    const { id } = await create(body({ rotations: [rotation({ startsOn: '2026-01-05' })] }));
    const { body: shown } = await clinic.as<Shown>('alex', 'GET', PATH);
    expect(shown.data.map(({ severity }) => severity)).toEqual([
      'low',
      'medium',
      'high',
      'critical',
    ]);
    for (const policy of shown.data) {
      expect(policy.isDefault).toBe(true);
      expect(policy.steps[0]?.targets).toEqual([{ kind: 'roster', rosterId: id }]);
      expect(policy.steps.at(-1)?.targets).toHaveLength(3);
    }
  });

  test('are changed by severity and version, and go back to the default', async () => {
    const { id } = await create();
    const put = (policies: unknown, version: number) =>
      clinic.as<Shown>('alex', 'PUT', PATH, { policies, version });
    expect((await put({ critical: critical(id) }, 0)).body.version).toBe(1);
    expect((await put({ low: critical(id) }, 0)).status).toBe(409);
    const { body: shown } = await put({ high: critical(id), critical: null }, 1);
    expect(shown.data.map(({ isDefault }) => isDefault)).toEqual([true, true, false, true]);
    expect(shown.data[2]).toMatchObject(critical(id));
  });

  test('name only what the clinic has', async () => {
    const put = (policy: unknown) => clinic.as<Problem>('alex', 'PUT', PATH, { policies: policy });
    const unknown = await put({ critical: critical(clinic.ids.ada) });
    expect([unknown.status, unknown.body.code]).toEqual([422, 'refused_by_rule']);
    const targets = [{ kind: 'person', personId: clinic.ids.ada }];
    const steps = [{ targets, channels: ['sms'], waitMs: 30_000 }];
    expect((await put({ critical: { ...critical(clinic.ids.ada), steps } })).status).toBe(422);
    expect((await put({ critical: { ...critical(clinic.ids.ada), steps: [] } })).status).toBe(400);
  });
});

test('an alert pages whom the roster has on now, by verified phones alone', async () => {
  const { api, clinicId, ids } = clinic;
  await create(body({ rotations: [rotation({ people: [ids.sarah], startsOn: '2026-01-05' })] }));
  const now = Date.UTC(2031, 5, 1);
  const pagesNow = async (): Promise<unknown> => {
    const context = await readEscalationContext(api.knex, clinicId, now, 3_600_000);
    const opened = openAlert(context.policies, 'critical', now);
    const [page] = advanceAlert(context, opened, { kind: 'tick' }, now).effects;
    return page?.kind === 'page' ? page.pages : page;
  };
  const by = (channel: string): unknown => ({ personId: ids.sarah, channel });
  expect(await pagesNow()).toEqual([by('socket'), by('sms'), by('voice')]);
  await api.knex('people').where({ id: ids.sarah }).update({ phone_verified_at: null });
  expect(await pagesNow()).toEqual([by('socket')]);
  await api.knex('people').where({ id: ids.sarah }).update({ suspended_at: new Date() });
  expect(await pagesNow()).toEqual(
    ['socket', 'sms', 'voice'].map((channel) => ({ personId: ids.michael, channel })),
  );
});
