import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { readAudit } from '../../../db/audit/read.ts';
import type { AuditFilter } from '../../../db/audit/read.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';

let api: TestApi;
let admin: TestPerson;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());
beforeEach(async () => {
  admin = await api.person({ role: 'admin', clinicId: await api.clinic() });
});

interface Page {
  readonly data: readonly {
    readonly id: string;
    readonly action: string;
    readonly changes: unknown;
    readonly subjectId: string | null;
  }[];
  readonly nextCursor: string | null;
}

function look(query = '', by = admin): Promise<TestReply<Page>> {
  return api.call<Page>('GET', `/api/v1/audit${query}`, undefined, { token: by.token });
}

async function noted(rows: readonly Record<string, unknown>[]): Promise<void> {
  const base = { actor_role: 'staff', object_type: 'thing', outcome: 'allowed' };
  await api
    .knex('audit_entries')
    .insert(
      rows.map((row) => ({ ...base, clinic_id: admin.clinicId, action: 'thing.read', ...row })),
    );
}

test('pages through acts of one instant without losing or repeating any', async () => {
  const at = '2026-01-01T00:00:00.123456Z';
  await noted(Array.from({ length: 25 }, (_, place) => ({ at, object_id: `thing-${place}` })));
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const next: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { body } = await look(`?action=thing.read&limit=10${next}`);
    seen.push(...body.data.map(({ id }) => id));
    cursor = body.nextCursor;
  } while (cursor !== null);
  expect(seen).toHaveLength(25);
  expect(new Set(seen).size).toBe(25);
  expect(seen).toEqual(seen.toSorted((one, other) => Number(other) - Number(one)));
});

test('finds by each of its filters, and by all of them together', async () => {
  const [person, actor, object] = [newId(), newId(), newId()];
  const wanted = {
    at: '2026-02-03T04:05:06Z',
    subject_id: person,
    actor_id: actor,
    object_id: object,
    action: 'wanted.read',
    object_type: 'wanted',
  };
  await noted([wanted, { at: '2026-02-03T04:05:05.999Z' }, { at: '2026-02-03T04:05:07Z' }]);
  const filters = [
    `personId=${person}`,
    `actorId=${actor}`,
    `objectId=${object}`,
    `objectType=wanted&objectId=${object}`,
    'action=wanted.read',
    'from=2026-02-03T04:05:06Z&to=2026-02-03T05:05:07%2B01:00',
  ];
  for (const filter of [...filters, filters.toSpliced(2, 1).join('&')]) {
    const { body } = await look(`?${filter}`);
    const found = body.data.filter(({ action }) => action !== 'audit.list');
    expect([filter, found.map(({ action }) => action)]).toEqual([filter, ['wanted.read']]);
  }
});

test('is itself on record, with whom it asked about', async () => {
  const { id } = await api.person({ clinicId: admin.clinicId });
  await look(`?personId=${id}`);
  const { body } = await look();
  expect(body.data[0]).toMatchObject({
    action: 'audit.list',
    actorId: admin.id,
    subjectId: id,
    changes: { filters: 'personId', shown: 0 },
  });
});

test('tells nothing of how somebody is', async () => {
  await noted([
    { changes: { severity: 'critical', isFlagged: true, status: 'open', alertId: 'a' } },
  ]);
  const { body } = await look('?action=thing.read');
  expect(body.data[0]?.changes).toEqual({
    severity: '[withheld]',
    isFlagged: '[withheld]',
    status: 'open',
    alertId: 'a',
  });
});

test('shows nothing of another clinic, whoever is asked about', async () => {
  const person = newId();
  await noted([{ subject_id: person, object_id: person, actor_id: person }]);
  const stranger = await api.person({ role: 'admin', clinicId: await api.clinic() });
  for (const name of ['personId', 'actorId', 'objectId']) {
    const { body } = await look(`?${name}=${person}`, stranger);
    expect(body.data.filter(({ action }) => action === 'thing.read')).toEqual([]);
  }
});

test.each(['cursor=x', 'cursor=MS4x', 'objectType=thing', 'from=now', 'action=%00', 'limit=101'])(
  'answers %s with words, never with a failure',
  async (query) => {
    const { status } = await look(`?${query}`);
    expect(query === 'cursor=MS4x' ? [200] : [400]).toContain(status);
  },
);

test('is read by an index, in order, whatever is asked', async () => {
  const filler = Array.from({ length: 2_000 }, (_, place) => ({
    at: new Date(1_700_000_000_000 + place * 1_000).toISOString(),
    actor_id: newId(),
    subject_id: newId(),
    object_id: newId(),
    action: `thing.verb_${String.fromCodePoint(97 + (place % 20))}`,
  }));
  await noted(filler);
  await api.knex.raw('ANALYZE audit_entries');
  const { actor_id: actorId, subject_id: subjectId, object_id: objectId } = filler[5]!;
  const wishes: Partial<AuditFilter>[] = [
    {},
    { actorId },
    { subjectId },
    { objectId },
    { action: 'thing.verb_c' },
    { from: new Date(1_700_000_500_000), to: new Date(1_700_000_600_000) },
    { before: { atUs: '1700000500000000', id: '1' } },
  ];
  for (const wish of wishes) expect(await planOf(wish)).not.toMatch(/Seq Scan|Sort/);
});

const ANY: Omit<AuditFilter, 'clinicId'> = {
  actorId: null,
  subjectId: null,
  action: null,
  objectType: null,
  objectId: null,
  from: null,
  to: null,
  before: null,
  limit: 21,
};

async function planOf(wish: Partial<AuditFilter>): Promise<string> {
  let plan = '';
  const explaining = {
    raw: async (sql: string, values: object) => {
      const { rows } = await api.knex.raw<{ rows: object[] }>(`EXPLAIN ${sql}`, values as never);
      plan = rows.map((row) => Object.values(row).join('')).join('\n');
      return { rows: [] };
    },
  };
  await readAudit(explaining as never, { clinicId: admin.clinicId, ...ANY, ...wish });
  return plan;
}
