import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startClinic } from './clinic.ts';
import type { TestClinic } from './clinic.ts';

interface Relationship {
  id: string;
  therapistId: string;
  clientId: string;
  endedAt: string | null;
}
interface Page {
  data: Relationship[];
  nextCursor: string | null;
}

let clinic: TestClinic;
const PATH = '/api/v1/relationships';

beforeAll(async () => {
  clinic = await startClinic();
});

afterAll(() => clinic.api.close());

test('a therapist makes and ends their own relationships, and never another one’s', async () => {
  const { ids } = clinic;
  const made = await clinic.as<Relationship>('jonas', 'POST', PATH, { clientId: ids.ben });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ therapistId: ids.jonas, clientId: ids.ben, endedAt: null });
  const foreign = { therapistId: ids.sarah, clientId: ids.ben };
  expect((await clinic.as('jonas', 'POST', PATH, foreign)).status).toBe(403);
  expect((await clinic.as('sarah', 'DELETE', `${PATH}/${made.body.id}`)).status).toBe(404);
  expect((await clinic.as('stranger', 'DELETE', `${PATH}/${made.body.id}`)).status).toBe(404);
  expect((await clinic.as('ben', 'DELETE', `${PATH}/${made.body.id}`)).status).toBe(403);
  expect((await clinic.as('jonas', 'DELETE', `${PATH}/${made.body.id}`)).status).toBe(204);
  const open = await clinic.as<Page>('jonas', 'GET', PATH);
  expect(open.body.data).toEqual([]);
  const all = await clinic.as<Page>('jonas', 'GET', `${PATH}?includeEnded=true`);
  const [ended] = all.body.data;
  expect(ended?.endedAt).not.toBeNull();
  // Ending it again changes nothing.
  expect((await clinic.as('jonas', 'DELETE', `${PATH}/${made.body.id}`)).status).toBe(204);
  const again = await clinic.as<Page>('jonas', 'GET', `${PATH}?includeEnded=true`);
  expect(again.body).toEqual(all.body);
});

test('of many who make the same relationship at once one does', async () => {
  const body = { therapistId: clinic.ids.maya, clientId: clinic.ids.ben };
  const replies = await Promise.all([1, 2, 3, 4].map(() => clinic.as('sam', 'POST', PATH, body)));
  expect(replies.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
});

test.each([
  [{}, 'clientId'],
  [{ clientId: 'ada' }, 'clientId'],
  [{ clientId: 'SARAH', therapistId: 'SARAH' }, 'clientId'],
  [{ clientId: 'ADA', therapistId: 'BEN' }, 'therapistId'],
  [{ clientId: 'ADA' }, 'therapistId'],
  [{ clientId: 'STRANGER', therapistId: 'SARAH' }, 'clientId'],
])('%j is refused by name', async (body, field) => {
  const filled = Object.fromEntries(
    Object.entries(body).map(([name, person]) => [
      name,
      clinic.ids[person.toLowerCase() as 'ada'] !== undefined && person !== 'ada'
        ? clinic.ids[person.toLowerCase() as 'ada']
        : person,
    ]),
  );
  const reply = await clinic.as('sam', 'POST', PATH, filled);
  expect(reply.body).toMatchObject({ status: 400, errors: [{ field }] });
});

test('pages follow each other without a gap, and a made-up cursor is refused', async () => {
  const { ids, as } = clinic;
  await as('sam', 'POST', PATH, { therapistId: ids.quinn, clientId: ids.ada });
  await as('sam', 'POST', PATH, { therapistId: ids.quinn, clientId: ids.ben });
  const all = (await as<Page>('sam', 'GET', `${PATH}?limit=100`)).body;
  expect(all.nextCursor).toBeNull();
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const page: Page = (await as<Page>('sam', 'GET', `${PATH}?limit=1${query}`)).body;
    seen.push(...page.data.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(seen).toEqual(all.data.map(({ id }) => id));
  const madeUp = await as('sam', 'GET', `${PATH}?cursor=aGVsbG8`);
  expect(madeUp.body).toMatchObject({ status: 400, errors: [{ field: 'cursor' }] });
});
