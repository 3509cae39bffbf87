import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import {
  type NewPage,
  markSent,
  markUnheard,
  openPage,
  settlePage,
  stopOpenPages,
} from '../../db/crisis-pages.ts';
import { hasReachedAdmin } from '../../db/support-escalations.ts';
import { type TestApi, startTestApi } from '../support/api.ts';

let api: TestApi;
let alertId: string;
let adminId: string;
beforeAll(async () => {
  api = await startTestApi();
  adminId = (await api.person({ role: 'admin' })).id;
}, 120_000);
afterAll(() => api.close());

let numbers = 300_000;
beforeEach(async () => {
  alertId = newId();
  numbers += 1;
  await api.knex('crisis_alerts').insert({
    id: alertId,
    number: `CA-2031-${String(numbers)}`,
    clinic_id: api.clinicId,
    person_id: (await api.person()).id,
    severity: 'high',
    type: 'suicide_risk',
  });
});

async function opened(channel: NewPage['channel']): Promise<NewPage> {
  const ref = { alertId, sentBy: 'workflow', batch: 1, personId: adminId, channel } as const;
  const page = { ...ref, tier: 0, codeHash: null };
  await openPage(api.knex, page);
  return page;
}

async function pagedAt(): Promise<{ first: Date | null; last: Date | null }> {
  return api
    .knex('crisis_alerts')
    .where({ id: alertId })
    .first({ first: 'first_page_at', last: 'last_page_at' });
}

const isReached = (): Promise<boolean> => hasReachedAdmin(api.knex, alertId);

test('a page to somebody who is not there is a page, but tells nobody that one was notified', async () => {
  const page = await opened('socket');
  await markUnheard(api.knex, page, 'not_online');
  expect(await pagedAt()).toEqual({ first: null, last: expect.any(Date) });
  expect(await isReached()).toBe(false);
  const text = await opened('sms');
  await markSent(api.knex, text, 'SM1');
  expect(await pagedAt()).toEqual({ first: expect.any(Date), last: expect.any(Date) });
  expect(await isReached()).toBe(true);
});

test('a page that was stopped before it went out has reached nobody; one that was out has', async () => {
  const call = await opened('voice');
  expect(await isReached()).toBe(false);
  await stopOpenPages(api.knex, alertId);
  expect(await isReached()).toBe(false);
  // It was on its way.
  await markSent(api.knex, call, 'CA1');
  expect(await isReached()).toBe(true);
});

test('a call that rang out has reached somebody, a refused one has not', async () => {
  const call = await opened('voice');
  await settlePage(api.knex, call, 'failed', '21211');
  expect(await isReached()).toBe(false);
  const text = await opened('sms');
  await markSent(api.knex, text, 'SM1');
  await settlePage(api.knex, text, 'unanswered');
  expect(await isReached()).toBe(true);
});
