import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { tellOfLoss } from '../../../activities/crisis/lost-contact.ts';
import type { CrisisDeps } from '../../../activities/crisis/deps.ts';
import { tellHolder } from '../../../activities/crisis/telling.ts';
import { type TestApi, startTestApi } from '../../support/api.ts';

type Delivery = Awaited<ReturnType<CrisisDeps['sms']['sendSms']>>;

let api: TestApi;
let alertId: string;
beforeAll(async () => {
  api = await startTestApi();
  alertId = newId();
  await api.knex('crisis_alerts').insert({
    id: alertId,
    number: 'CA-2031-400000',
    clinic_id: api.clinicId,
    person_id: (await api.person()).id,
    severity: 'high',
    type: 'suicide_risk',
  });
}, 120_000);
afterAll(() => api.close());

/** A provider that answers so, and whose number everybody has. */
function depsWhere(delivery: Delivery): CrisisDeps {
  const knowledge = { ask: (question: () => unknown) => question(), phoneOf: () => '+14155550100' };
  const sms = { sendSms: async () => delivery };
  const parts = { knex: api.knex, knowledge, sms, publicUrl: 'https://clinic.example' };
  return parts as unknown as CrisisDeps;
}

const holderId = newId();
const tellings: [string, (deps: CrisisDeps, attempt?: number) => Promise<void>][] = [
  [
    'that there is news',
    (deps, attempt = 1) =>
      tellHolder(deps, { alertId, holderId, number: null, because: 'trigger' }, attempt),
  ],
  [
    'to call them back',
    (deps, attempt = 1) => {
      const news = { alertId, holderId, number: null, step: 'call_back' } as const;
      return tellOfLoss(deps, { ...news, clinicId: api.clinicId, personId: newId() }, attempt);
    },
  ],
];

test.each(tellings)('a text %s is tried again where it may not have gone out', async (_, tell) => {
  await tell(depsWhere({ kind: 'accepted', id: 'SM1' }));
  const silent = { code: 'dependency_unavailable' };
  await expect(tell(depsWhere({ kind: 'unavailable', code: 'x' }))).rejects.toMatchObject(silent);
  const unclear = depsWhere({ kind: 'ambiguous', code: 'x' });
  await expect(tell(unclear, 2)).rejects.toMatchObject(silent);
  // Nobody gets it again and again.
  await tell(unclear, 3);
});

test.each(tellings)('a text %s that is refused is on record', async (_, tell) => {
  await api.knex('crisis_events').delete();
  await tell(depsWhere({ kind: 'refused', reason: 'bad_number', code: '21211' }));
  expect(await api.knex('crisis_events').where({ alert_id: alertId })).toMatchObject([
    { kind: 'holder_text_refused', data: { holderId, code: '21211' } },
  ]);
});
