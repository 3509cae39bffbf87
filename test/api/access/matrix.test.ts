import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OPERATION_IDS, PUBLIC_OPERATION_IDS } from '../../../api/generated/operations.ts';
import type { OperationId } from '../../../api/generated/operations.ts';
import { loadDocument, operationsOf } from '../../../api/http/document.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestReply } from '../../support/api.ts';
import type { Outcome, Request, Row } from './row.ts';
import { MATRIX } from './rows.ts';
import { ACTORS, createWorld } from './world.ts';
import type { Actor, World } from './world.ts';

let api: TestApi;
let world: World;
beforeAll(async () => {
  api = await startTestApi();
  world = await createWorld(api);
}, 120_000);
afterAll(() => api.close());

const OPERATIONS = operationsOf(loadDocument());

function expected(id: OperationId, row: Row, actor: Actor): Outcome {
  const isPublic = (PUBLIC_OPERATION_IDS as readonly string[]).includes(id);
  if (actor === 'anonymous' && !isPublic) return 'unauthenticated';
  return row.outcomes?.[actor] ?? row.rest;
}

function outcomeOf({ status }: TestReply): Outcome {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  // A malformed request would be refused before anybody is asked who they are.
  if (status === 400) return 'refused';
  return status === 404 ? 'hidden' : 'allowed';
}

async function deniedRows(): Promise<number> {
  const rows = await api.knex('audit_entries').where({ outcome: 'denied' }).count();
  return Number(rows[0]?.['count']);
}

test('every operation has its row', () => {
  expect(Object.keys(MATRIX).toSorted()).toEqual([...OPERATION_IDS].toSorted());
});

describe.each(OPERATIONS.map((operation) => [operation.id, operation] as const))(
  '%s',
  (id, operation) => {
    const row = MATRIX[id as OperationId];

    test.each(ACTORS)('by %s', async (actor) => {
      // Logging out ends the token, so it gets one of its own.
      const token = await tokenOf(actor, id === 'logout');
      const request = (await row.request?.(world)) ?? {};
      const path = pathOf(operation.path, request);
      const before = await deniedRows();
      const reply = await api.call(operation.method.toUpperCase(), path, request.body, {
        ...token,
      });
      const outcome = expected(id as OperationId, row, actor);
      const shown = outcome === 'barred' ? 'unauthenticated' : outcome;
      expect([reply.status, outcomeOf(reply)]).toEqual([reply.status, shown]);
      expect([405, 500]).not.toContain(reply.status);
      const isBarred = outcome === 'forbidden' || outcome === 'barred';
      const isDenied = isBarred || (outcome === 'hidden' && !operation.isPublic);
      expect((await deniedRows()) - before).toBe(isDenied ? 1 : 0);
    });
  },
);

function pathOf(path: string, { id = '', exceptionId = '', query = '' }: Request): string {
  const named = path.replace('{id}', id).replace('{exceptionId}', exceptionId);
  return named.replace('{fileId}', id) + query;
}

async function tokenOf(actor: Actor, isFresh: boolean): Promise<{ token?: string }> {
  if (actor === 'anonymous') return {};
  const person = world.people[actor];
  return { token: isFresh ? (await api.person({ role: person.role })).token : person.token };
}
