import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { type Auditor, startAuditor } from '../../../activities/auditor/auditor.ts';
import type { AuditRound } from '../../../activities/auditor/contract.ts';
import { askForReadiness } from '../../../activities/auditor/readiness-tasks.ts';
import { FIND_LAPSED, FIND_UNANSWERED } from '../../../db/crisis-watch.ts';
import { seekLeadership } from '../../../db/leadership.ts';
import { DEFAULT_POLICIES } from '../../../domain/escalation-policy.ts';
import { SHORTEST_ROUND_MS } from '../../../domain/escalation.ts';
import { type TestApi, type TestPerson, startTestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const TIMES = { firstPageMs: 300, slackMs: 300, leaseSlackMs: 300 };
/** The first step asks the crisis therapist, the second the admins; each for so long. */
const WAIT_MS = 1_000;

let api: TestApi;
let counselor: TestPerson;
let admin: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
  counselor = await api.person({ isTherapist: true });
  admin = await api.person({ role: 'admin' });
  const channels = ['socket'] as const;
  const step = (personId: string, waitMs: number): object => ({
    targets: [{ kind: 'person', personId }],
    channels,
    waitMs,
  });
  const stepsOf = (waitMs: number): object[] => [
    step(counselor.id, waitMs),
    step(admin.id, waitMs),
  ];
  const policies = {
    critical: { ...DEFAULT_POLICIES.critical, steps: stepsOf(WAIT_MS) },
    high: { ...DEFAULT_POLICIES.high, steps: stepsOf(60_000) },
  };
  const row = { clinic_id: api.clinicId, policies: JSON.stringify(policies), version: 1 };
  await api.knex('escalation_policies').insert({ ...row, updated_by: admin.id });
}, 120_000);
afterAll(() => api.close());

const HELD = {
  kind: 'held',
  severity: 'critical',
  tier: 0,
  batch: 1,
  lastPagedAtMs: 0,
  holderId: newId(),
  heldSinceMs: 0,
};
const running: Auditor[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((auditor) => auditor.close()));
  await api.knex.raw('TRUNCATE crisis_alerts CASCADE');
});

/** Sends nothing, and writes down what a sender would; nobody has the `dead` any more. */
function auditor(rounds: AuditRound[], host = 'crisis', dead: readonly string[] = []): Auditor {
  const started = startAuditor(
    {
      knex: api.knex,
      temporal: api.deps.temporal,
      page: async (round) => {
        rounds.push(round);
        await api.knex.raw(
          `UPDATE crisis_alerts SET last_page_at = now(),
             first_page_at = coalesce(first_page_at, now()) WHERE id = ?`,
          [round.alertId],
        );
        return round.pages.filter(({ personId }) => !dead.includes(personId)).length;
      },
      onFault: () => undefined,
    },
    { databaseUrl: api.databaseUrl, host, times: TIMES, everyMs: 50, sweepEveryMs: 200 },
  );
  running.push(started);
  return started;
}

let numbers = 100_000;
async function alert(changes: Record<string, unknown> = {}): Promise<string> {
  const { id: personId } = await api.person();
  const id = newId();
  numbers += 1;
  await api.knex('crisis_alerts').insert({
    id,
    number: `CA-2031-${String(numbers)}`,
    clinic_id: api.clinicId,
    person_id: personId,
    severity: 'critical',
    type: 'suicide_risk',
    ...changes,
  });
  return id;
}

const paged = (rounds: readonly AuditRound[], alertId: string): (string | undefined)[] =>
  rounds.filter((round) => round.alertId === alertId).map(({ pages }) => pages[0]?.personId);

test('an alert that nobody pages for is paged for, step by step and for ever, until it is taken', async () => {
  const rounds: AuditRound[] = [];
  auditor(rounds);
  const id = await alert();
  await until(() => paged(rounds, id).length === 4);
  expect(paged(rounds, id)).toEqual([counselor.id, admin.id, admin.id, admin.id]);
  expect(rounds.map(({ batch }) => batch)).toEqual([1, 2, 3, 4]);
  await api
    .knex('crisis_alerts')
    .where({ id })
    .update({
      status: 'held',
      state: JSON.stringify({ kind: 'held', leaseUntilMs: Date.now() + 600_000 }),
    });
  const other = await alert();
  // The other one's second page is later than the first one's fifth would have been.
  await until(() => paged(rounds, other).length === 2);
  expect(paged(rounds, id)).toHaveLength(4);
  const events = await api.knex('crisis_events').where({ alert_id: id }).orderBy('id');
  expect(events.map(({ kind, via }) => [kind, via])).toEqual(
    Array.from({ length: 4 }, () => ['auditor_paged', 'auditor']),
  );
  expect(events[0].data).toMatchObject({ because: 'never_paged', batch: 1, tier: 0, sent: 1 });
  const tasks = await api.knex('tasks').where({ key: `alert-neglected:${id}` });
  expect(tasks).toMatchObject([{ kind: 'alert_workflow_missing', clinic_id: api.clinicId }]);
});

test('where nobody of the last step can be had, everybody is paged, and not in haste', async () => {
  const rounds: AuditRound[] = [];
  const everybody = [counselor.id, admin.id].toSorted();
  const personIds = ({ pages }: AuditRound): string[] =>
    pages.map(({ personId }) => personId).toSorted();
  auditor(rounds, 'crisis', everybody);
  const id = await alert({ severity: 'high' });
  await until(() => rounds.length >= 3);
  // The first step is passed over quickly, the second with all others.
  expect(rounds.slice(0, 3).map(personIds)).toEqual([[counselor.id], [admin.id], everybody]);
  expect(rounds.slice(0, 3).map(({ batch }) => batch)).toEqual([1, 2, 2]);
  expect(rounds[2]).toMatchObject({ isLastResort: true, alertId: id });
  await until(async () => (await course(id)).length === 2);
  const [watch] = await api.knex('crisis_watch').where({ alert_id: id });
  expect(watch.next_due_at - watch.paged_at).toBeGreaterThanOrEqual(SHORTEST_ROUND_MS);
  expect((await course(id))[1]).toMatchObject({ batch: 2, sent: 0, isLastResort: true });
});

const course = (id: string): Promise<object[]> =>
  api.knex('crisis_events').where({ alert_id: id }).orderBy('id').pluck('data');

test('nobody is paged for their own alert, though nobody else of their step is there', async () => {
  const rounds: AuditRound[] = [];
  auditor(rounds);
  const id = await alert({ person_id: counselor.id, type: 'panic-button' });
  await until(() => paged(rounds, id).length === 2);
  expect(paged(rounds, id)).toEqual([admin.id, admin.id]);
});

test('an alert whose workflow pages in time is left alone; one whose pages stop is not', async () => {
  const rounds: AuditRound[] = [];
  const paging = (dueAtMs: number): string =>
    JSON.stringify({ kind: 'paging', dueAtMs, lastPagedAtMs: Date.now() - 10_000 });
  const once = { first_page_at: new Date(), last_page_at: new Date(Date.now() - 10_000) };
  const healthy = await alert({ ...once, state: paging(Date.now() + 600_000) });
  const silent = await alert({ ...once, state: paging(Date.now() - 5_000) });
  const lapsed = { ...HELD, leaseUntilMs: Date.now() - 5_000 };
  const held = await alert({ ...once, status: 'held', state: JSON.stringify(lapsed) });
  const keeper = { ...HELD, leaseUntilMs: Date.now() + 600_000 };
  const kept = await alert({ ...once, status: 'held', state: JSON.stringify(keeper) });
  auditor(rounds);
  await until(() => paged(rounds, silent).length >= 2 && paged(rounds, held).length >= 2);
  expect(paged(rounds, healthy)).toEqual([]);
  expect(paged(rounds, kept)).toEqual([]);
  // Whoever is paged for it can take it.
  const [reopened] = await api.knex('crisis_alerts').where({ id: held });
  expect(reopened).toMatchObject({ status: 'paging', holder_id: null, version: 1 });
});

test('of several auditors one pages; when it dies, and when it hangs, another does', async () => {
  const rounds: AuditRound[] = [];
  const several = [auditor(rounds, 'crisis'), auditor(rounds, 'api'), auditor(rounds, 'api')];
  const leaders = (): Auditor[] => several.filter(({ isLeading }) => isLeading);
  await until(() => leaders().length === 1);
  const id = await alert();
  await until(() => paged(rounds, id).length === 2);
  // The session dies with its process.
  const [{ backend_pid: pid }] = await api.knex('crisis_heartbeats').where({ part: 'auditor' });
  await api.knex.raw('SELECT pg_terminate_backend(?)', [pid]);
  await until(async () => {
    const [heart] = await api.knex('crisis_heartbeats').where({ part: 'auditor' });
    return heart.backend_pid !== pid && leaders().length === 1;
  });
  const before = paged(rounds, id).length;
  await until(() => paged(rounds, id).length > before);
  expect(rounds.map(({ batch }) => batch)).toEqual(rounds.map((_round, at) => at + 1));
});

test('a leader that hangs, though its session lives, is ended', async () => {
  const hung = new pg.Client({ connectionString: api.databaseUrl });
  hung.on('error', () => undefined);
  await hung.connect();
  await hung.query(`SELECT pg_advisory_lock(hashtextextended('other', 66))`);
  await hung.query(
    `INSERT INTO crisis_heartbeats VALUES ('other', 'api', pg_backend_pid(), now() - interval '1 hour')`,
  );
  const options = { databaseUrl: api.databaseUrl, applicationName: 'test', host: 'crisis' };
  const next = seekLeadership({ ...options, part: 'other', everyMs: 50 });
  await until(() => next.isLeading);
  await expect(hung.query('SELECT 1')).rejects.toThrow();
  await next.close();
  expect(next.isLeading).toBe(false);
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}

async function explain(sql: string): Promise<{ root: Plan; alerts: Plan | undefined }> {
  const values = { ...TIMES, firstPageMs: 10_000, limit: 200 };
  const { rows } = await api.knex.raw(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`, values);
  const root = rows[0]['QUERY PLAN'][0].Plan as Plan;
  const all = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(all)];
  return { root, alerts: all(root).find((plan) => plan['Relation Name'] === 'crisis_alerts') };
}

test('a look costs the same however many alerts there ever were: indexes serve it', async () => {
  const { id: personId } = await api.person();
  await api.knex.raw(
    `INSERT INTO crisis_alerts (id, number, clinic_id, person_id, severity, type, status, created_at,
       resolved_at, first_page_at, last_page_at)
     SELECT gen_random_uuid(), 'CA-2030-' || (100000 + n), ?, ?, 'high', 'x', 'resolved',
       now() - n * interval '1 minute', now(), now(), now() FROM generate_series(1, 50000) AS n`,
    [api.clinicId, personId],
  );
  await Promise.all(Array.from({ length: 20 }, () => alert()));
  await api.knex.raw('ANALYZE crisis_alerts');
  const unanswered = await explain(FIND_UNANSWERED);
  expect(unanswered.alerts?.['Index Name']).toBe('crisis_alerts_unanswered');
  const lapsed = await explain(FIND_LAPSED);
  expect(lapsed.alerts?.['Index Name']).toBe('crisis_alerts_held');
  for (const { root } of [unanswered, lapsed]) {
    expect(root['Shared Hit Blocks'] + root['Shared Read Blocks']).toBeLessThan(100);
  }
});

test('a drill ends when it was answered, and at its limit; nobody is paged for it any more', async () => {
  const drill = async (changes: object, alertChanges: object): Promise<string> => {
    const id = await alert({ is_drill: true, type: 'drill', ...alertChanges });
    await api.knex('crisis_drills').insert({
      id,
      clinic_id: api.clinicId,
      alert_id: id,
      severity: 'critical',
      started_by: admin.id,
      ends_at: new Date(Date.now() + 600_000),
      ...changes,
    });
    return id;
  };
  const recent = { first_page_at: new Date(), last_page_at: new Date() };
  const answered = await drill({}, { ...recent, acknowledged_at: new Date() });
  const over = await drill({ clinic_id: await api.clinic(), ends_at: new Date() }, recent);
  const running = await drill({ clinic_id: await api.clinic() }, recent);
  auditor([]);
  const ended = (): Promise<string[]> =>
    api.knex('crisis_drills').whereNotNull('ended_at').pluck('id');
  await until(async () => (await ended()).length === 2);
  expect((await ended()).toSorted()).toEqual([answered, over].toSorted());
  const open = api.knex('crisis_alerts').whereNot({ status: 'resolved' }).pluck('id');
  expect(await open).toEqual([running]);
  await api.knex('crisis_drills').delete();
});

test('what stands in the way of an alert is a task for a human, once', async () => {
  const now = Date.now();
  await askForReadiness(api.knex, now);
  await askForReadiness(api.knex, now + 3_600_000);
  const tasks = await api
    .knex('tasks')
    .where({ kind: 'crisis_readiness', clinic_id: api.clinicId });
  const parts = tasks.filter(({ data }) => data.code === 'part_silent');
  expect(parts.map(({ data }) => data.subjectId).toSorted()).toEqual(['auditor', 'worker']);
  expect(tasks.filter(({ data }) => data.code === 'no_drill')).toHaveLength(1);
});
