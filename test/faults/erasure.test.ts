import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import protoPackage from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import { INVENTORY } from '../../db/personal-data/inventory.ts';
import type { TestPerson } from '../support/api.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { typedInDistress } from './marked-support.ts';
import { MARK, isMarked, markedTables } from './marks.ts';

let server: TestWorkflowEnvironment;
let stack: Stack;
let admin: TestPerson;
let patientId: string;
let sessionId: string;
beforeAll(async () => {
  server = await devServer();
  stack = await startStack(server);
  await stack.startCrisisWorker();
  await typedInDistress(stack, MARK);
  const { knex } = stack.api;
  const talk = await knex('support_sessions').first('id', 'patient_id');
  ({ id: sessionId, patient_id: patientId } = talk);
  await knex('people')
    .where({ id: patientId })
    .update({ first_name: `${MARK}-first`, preferred_name: `${MARK}-preferred` });
  admin = await stack.api.person({ role: 'admin' });
}, 240_000);
afterAll(async () => {
  await stack?.close();
  await server?.teardown();
}, 120_000);

async function exported(query = ''): Promise<string> {
  const { url } = stack.api;
  const response = await fetch(`${url}/api/v1/people/${patientId}/export${query}`, {
    headers: { authorization: `Bearer ${admin.token}` },
  });
  expect(response.status).toBe(200);
  return response.text();
}

const OWN_WORDS = `title description tag hello edited late file crisis name.txt report address
  trigger factor situation action feedback welcome answer first preferred`;
const CLINICS_NOTES = 'notes busy reason remark coming reached outcome';

function marks(words: string): string[] {
  return words.split(/\s+/).map((word) => `${MARK}-${word}`);
}

/** The rows of the inventory whose text can't be opened any more, or whose text still is there. */
async function textsLeft(): Promise<{ readonly orphaned: string[]; readonly kept: string[] }> {
  const left = { orphaned: [] as string[], kept: [] as string[] };
  for (const { table, of, sealed } of INVENTORY) {
    for (const [name, { purpose, objectId }] of Object.entries(sealed)) {
      const { rows } = await stack.api.knex.raw<{
        rows: { is_orphan: boolean; is_own: boolean }[];
      }>(
        `SELECT NOT EXISTS (SELECT FROM data_keys
             WHERE purpose = '${purpose}' AND object_id = ${objectId}) AS is_orphan,
           coalesce((${of}), false) AS is_own
         FROM ${table} t WHERE t.${name} IS NOT NULL`,
        { person: patientId },
      );
      if (rows.some((row) => row.is_orphan)) left.orphaned.push(`${table}.${name}`);
      if (rows.some((row) => row.is_own)) left.kept.push(`${table}.${name}`);
    }
  }
  return left;
}

async function filesKept(): Promise<number> {
  let count = 0;
  for await (const _ of stack.api.deps.attachments.store.olderThan(Date.now() + 60_000)) count += 1;
  return count;
}

describe('what somebody said in distress, and what was said about them', () => {
  let before: Record<string, unknown>[];

  test('is all in their export, the files with it', async () => {
    const own = await exported();
    expect(marks(OWN_WORDS).filter((mark) => !own.includes(mark))).toEqual([]);
    expect(own).toContain(Buffer.from(`${MARK}-content`).toString('base64'));
    expect(JSON.parse(own)).toMatchObject({ isComplete: true });
    const whole = await exported('?clinicsNotes=true');
    expect(marks(CLINICS_NOTES).filter((mark) => !whole.includes(mark))).toEqual([]);
    expect(own).not.toContain(`${MARK}-notes`);
    expect(own).not.toContain(`${MARK}-reached`);
    expect(await filesKept()).toBe(1);
    before = await stack.api.knex('chat_messages').select('id', 'content');
    expect((await textsLeft()).kept.length).toBeGreaterThan(5);
  });

  test('is gone after their erasure, with its keys', async () => {
    const path = `/api/v1/people/${patientId}/erase`;
    const wish = { confirm: patientId, reason: 'person_asked' };
    const reply = await stack.api.call('POST', path, wish, { token: admin.token });
    expect([reply.status, reply.body]).toEqual([200, expect.anything()]);
    expect(await textsLeft()).toEqual({ orphaned: [], kept: [] });
    expect(await filesKept()).toBe(0);
    // Not even who kept a copy of the database's texts can read them: the key is gone.
    const cipher = createFieldCipher(stack.api.deps.keyRing);
    const [message] = before;
    const place = { purpose: 'conversation', objectId: sessionId, column: 'message' };
    await expect(
      cipher.openField(
        stack.api.knex,
        { ...place, rowId: String(message?.['id']) },
        message?.['content'] as Buffer,
      ),
    ).rejects.toMatchObject({ code: 'internal' });
  });

  test('is in no table, no history and no export of what is kept', async () => {
    expect(await markedTables(stack.api.knex)).toEqual([]);
    const { History } = protoPackage.temporal.api.history.v1;
    for await (const { workflowId } of stack.temporal.workflow.list()) {
      const history = await stack.temporal.workflow.getHandle(workflowId).fetchHistory();
      expect(isMarked(Buffer.from(History.encode(history).finish()))).toBe(false);
    }
    expect(isMarked(await exported('?clinicsNotes=true'))).toBe(false);
  });

  test('leaves what is kept readable for those who worked on it', async () => {
    const { knex } = stack.api;
    const [alert] = await knex('crisis_alerts').where({ person_id: patientId, is_drill: false });
    const paths = [
      `/api/sessions/${sessionId}`,
      '/api/sessions',
      `/api/messages/${sessionId}`,
      `/api/crisis/${alert.id}`,
      '/api/crisis',
      '/api/v1/tasks',
      `/api/v1/audit?personId=${patientId}`,
    ];
    for (const path of paths) {
      const { status } = await stack.api.call('GET', path, undefined, { token: admin.token });
      expect([path, status < 500]).toEqual([path, true]);
    }
    expect(alert).toMatchObject({ severity: expect.any(String), outcome: 'safe' });
  });
});
