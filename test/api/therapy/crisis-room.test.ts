import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { holderJoined } from '../../../activities/crisis/holder-joined.ts';
import { settleBackground } from '../../../api/background.ts';
import type { OutboxRow } from '../../../db/outbox.ts';
import { type PresenceKind, recordPresence } from '../../../db/room-presence.ts';
import { beatHost } from '../../../db/rooms.ts';
import { openAlert } from '../../../domain/alert.ts';
import { applyEvent } from '../../../domain/alert-verbs.ts';
import { DEFAULT_POLICIES } from '../../../domain/escalation-policy.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  const beat = { hostId: newId(), signalingUrl: 'wss://media.example', cores: 2, load: 0 };
  await beatHost(api.knex, { ...beat, state: 'active' });
}, 120_000);
afterAll(() => api.close());

interface Crisis {
  readonly client: TestPerson;
  readonly holder: TestPerson;
  readonly sessionId: string;
  readonly alertId: string;
}

/** Somebody in a crisis, and whoever has taken their alert. */
async function crisis(): Promise<Crisis> {
  const clinicId = await api.clinic();
  const holder = await api.person({ isTherapist: true, clinicId });
  const traits = { is_crisis_therapist: true, is_on_call: true };
  await api.knex('therapist_profiles').where({ person_id: holder.id }).update(traits);
  const client = await api.person({ clinicId });
  const path = '/api/therapy/crisis/request';
  const asked = await api.call<{ data: { session_id: string; alert_id: string } }>(
    'POST',
    path,
    { crisis_level: 'critical' },
    { token: client.token },
  );
  const { session_id: sessionId, alert_id: alertId } = asked.body.data;
  const nowMs = Date.now();
  const context = { policies: DEFAULT_POLICIES };
  const taken = { kind: 'acknowledge', by: holder.id } as const;
  const open = openAlert(DEFAULT_POLICIES, 'critical', nowMs);
  const { state } = applyEvent(context, open, taken, nowMs);
  const held = { holder_id: holder.id, status: 'held', state: JSON.stringify(state), version: 1 };
  await api.knex('crisis_alerts').where({ id: alertId }).update(held);
  return { client, holder, sessionId, alertId };
}

async function note(
  { sessionId }: Crisis,
  { id: personId }: TestPerson,
  kind: PresenceKind,
  at = new Date(),
): Promise<void> {
  const { epoch } = await api.knex('rooms').where({ session_id: sessionId }).first('epoch');
  await recordPresence(api.knex, { sessionId, personId, role: 'host', kind, at, epoch });
}

function newsOf({ alertId }: Crisis): Promise<OutboxRow[]> {
  return api
    .knex('outbox')
    .where({ topic: 'crisis.joined' })
    .whereRaw(`payload->>'alertId' = ?`, [alertId])
    .orderBy('id');
}

/** What the alert's workflow is told of them. */
async function signsOf(rows: readonly OutboxRow[]): Promise<unknown[]> {
  const signs: unknown[] = [];
  const getHandle = (id: string) => ({
    signal: async (_definition: unknown, sign: object) => void signs.push({ id, ...sign }),
  });
  const temporal = { workflow: { getHandle } } as unknown as Client;
  for (const row of rows) await holderJoined.handle({ ...api.deps, temporal }, row);
  return signs;
}

test('a holder is in touch when they are in the room, not when they might come', async () => {
  const known = await crisis();
  const { client, holder, sessionId, alertId } = known;
  const path = `/teletherapy/sessions/${sessionId}/join`;
  for (const who of [holder, client, holder]) {
    const { status } = await api.call('POST', path, {}, { token: who.token });
    expect(status).toBe(200);
  }
  await settleBackground();
  // As it was when they took it: whoever never arrives leaves the alert to the others.
  expect(await api.knex('crisis_alerts').where({ id: alertId }).first()).toMatchObject({
    version: 1,
  });
  await note(known, client, 'joined');
  expect(await newsOf(known)).toEqual([]);
  await note(known, holder, 'joined');
  await note(known, holder, 'joined');
  expect(await signsOf(await newsOf(known))).toEqual([
    { id: `alert-${alertId}`, personId: holder.id },
  ]);
  // Coming back is a sign again, also where others were there all along.
  await note(known, holder, 'left');
  await note(known, holder, 'joined');
  expect(await newsOf(known)).toHaveLength(2);
});

test('whoever had the alert until nobody did takes it by coming; an old coming says nothing', async () => {
  const known = await crisis();
  const { holder, sessionId, alertId } = known;
  const path = `/teletherapy/sessions/${sessionId}/join`;
  await api.call('POST', path, {}, { token: holder.token });
  const state = JSON.stringify({ kind: 'paging', lastHolderId: holder.id });
  const alert = api.knex('crisis_alerts').where({ id: alertId });
  await alert.clone().update({ holder_id: null, status: 'paging', state });
  await note(known, holder, 'joined', new Date(Date.now() - 120_000));
  const news = await newsOf(known);
  expect(news).toHaveLength(1);
  expect(await signsOf(news)).toEqual([]);
  const ended = { status: 'resolved', resolved_at: new Date() };
  await alert.clone().update(ended);
  await note(known, holder, 'left');
  await note(known, holder, 'joined');
  expect(await newsOf(known)).toHaveLength(1);
});
