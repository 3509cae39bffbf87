import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { v7 } from 'uuid';
import { roomSeats } from '../../../activities/rooms/seats.ts';
import { createFieldCipher } from '../../../crypto/field-cipher.ts';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { openChatRoom } from '../../../db/chat-rooms.ts';
import { giveRole, rolesOf } from '../../../db/hosted-sessions.ts';
import { askRoom } from '../../../db/room-commands.ts';
import { findLiveRoom } from '../../../db/rooms.ts';
import { type SessionRow, findSession } from '../../../db/sessions.ts';
import { policyOfSession } from '../../../workers/media/signalling/policy.ts';
import { hearCommands } from '../../../workers/media/signalling/room-commands.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { describeMedia } from '../../support/media.ts';
import { type Guest, type RoomHost, joinRoom, startRoomHost } from '../../support/room-host.ts';
import { type Line, connectLine } from '../../support/room-line.ts';
import { until } from '../../support/until.ts';

describeMedia('what hosts do in a room', () => {
  let bench: SessionBench;
  let keyRing: KeyRing;
  let rooms: RoomHost;
  let hearing: { close(): Promise<void> };
  const lines: Line[] = [];

  beforeAll(async () => {
    [bench, keyRing] = await Promise.all([startSessionBench(), ephemeralKeyRing()]);
    const { knex, databaseUrl } = bench;
    rooms = await startRoomHost(knex, keyRing, (sessionId) => policyOfSession(knex, sessionId));
    const cipher = createFieldCipher(keyRing);
    const log = pino({ level: 'silent' });
    hearing = hearCommands({
      knex,
      databaseUrl,
      cipher,
      log,
      rooms: rooms.signalling.rooms,
    });
  }, 120_000);
  afterAll(async () => {
    for (const { socket } of lines) socket.close();
    await hearing.close();
    await rooms.close();
    await bench.close();
  });

  function session(): Promise<SessionRow> {
    const state = { status: 'confirmed', approval: 'given' } as const;
    return bench.book({ startsAt: Date.now() + 60_000, state });
  }

  /** Comes with a pass as it was given out; what the room says of who they are in it. */
  async function come(
    { id }: SessionRow,
    personId: string,
    role: Guest['role'],
  ): Promise<Line & { readonly role: () => string | undefined }> {
    const { token, signalingUrl } = await joinRoom(bench.knex, keyRing, id, {
      personId,
      role,
      displayName: role,
    });
    const line = await connectLine(signalingUrl, token);
    lines.push(line);
    const shown = (): string | undefined => {
      const views = line.told.filter(([event]) => ['welcome', 'admitted'].includes(event));
      return (views.at(-1)?.[1] as { role?: string } | undefined)?.role;
    };
    return { ...line, role: shown };
  }

  /** What is on record of a session's room: who did what, to whom, with which facts. */
  async function deeds({ id }: SessionRow): Promise<unknown[]> {
    await rooms.signalling.settled();
    const rows = await bench
      .knex('audit_entries')
      .where({ object_id: id })
      .whereNot({ action: 'session_chat.read' })
      .orderBy('id');
    return rows.map(({ action, actor_id, subject_id, changes }) => [
      action,
      actor_id,
      subject_id,
      changes,
    ]);
  }

  test('everything that changes somebody’s place is on record, nothing that was refused or said', async () => {
    const row = await session();
    const [by, who] = [row.therapist_id, row.client_id!];
    const host = await come(row, by, 'host');
    const guest = await come(row, who, 'participant');
    expect(await guest.ask('lock', { isLocked: true })).toMatchObject({ error: 'FORBIDDEN' });
    await host.ask('deny', { personId: who });
    const again = await come(row, who, 'participant');
    await host.ask('admit', { personId: who });
    await host.ask('admit', { personId: who });
    await host.ask('lock', { isLocked: true });
    await host.ask('lock', { isLocked: true });
    await host.ask('mute', { personId: who });
    await host.ask('broadcast', { text: 'marked-secret' });
    expect(await again.ask('remove', { personId: by })).toMatchObject({ error: 'FORBIDDEN' });
    await host.ask('promote', { personId: who, role: 'co_host' });
    await again.ask('lock', { isLocked: false });
    await host.ask('remove', { personId: who });
    host.socket.emit('end', {});
    await until(() => !host.socket.connected);
    expect(await deeds(row)).toEqual([
      ['room.deny', by, who, null],
      ['room.admit', by, who, null],
      ['room.lock', by, null, null],
      ['room.ask_mute', by, who, { kind: 'audio' }],
      ['session.breakouts', by, null, { action: 'broadcast' }],
      ['session.role', by, who, { role: 'co_host' }],
      ['room.unlock', who, null, null],
      ['room.remove', by, who, null],
      ['room.end', by, null, null],
    ]);
  });

  test('whoever is removed though they have just gone is so on record', async () => {
    const row = await session();
    const [by, who] = [row.therapist_id, row.client_id!];
    const host = await come(row, by, 'host');
    const guest = await come(row, who, 'participant');
    await host.ask('admit', { personId: who });
    await guest.ask('leave');
    await until(() => host.told.some(([event]) => event === 'peer-left'));
    expect(await host.ask('remove', { personId: who })).toMatchObject({ success: true });
    expect((await deeds(row)).at(-1)).toEqual(['room.remove', by, who, null]);
    const removed = bench.knex('room_removals').where({ session_id: row.id });
    expect(await removed.pluck('person_id')).toEqual([who]);
  });

  test('a promotion is the session’s, and outlives the tab, an older pass and the room', async () => {
    const row = await session();
    const who = row.client_id!;
    const host = await come(row, row.therapist_id, 'host');
    const guest = await come(row, who, 'participant');
    await host.ask('promote', { personId: who, role: 'co_host' });
    await host.ask('admit', { personId: who });
    await rooms.signalling.settled();
    expect(await rolesOf(bench.knex, row.id)).toEqual({ [who]: 'co_host' });
    await guest.ask('leave');
    // A pass that says participant, given out before.
    const back = await come(row, who, 'participant');
    expect(back.role()).toBe('co_host');
    await back.ask('leave');
    await host.ask('leave');
    await rooms.signalling.settled();
    await bench.knex('room_memories').where({ session_id: row.id }).delete();
    rooms.host.rooms.find(row.id)?.close('lost');
    await until(async () => (await findLiveRoom(bench.knex, row.id)) === null);
    expect((await come(row, who, 'participant')).role()).toBe('co_host');
  });

  test('whoever is demoted from outside while away comes back as what they are now', async () => {
    const row = await session();
    const [by, personId] = [row.therapist_id, row.client_id!];
    const deps = { knex: bench.knex, cipher: createFieldCipher(keyRing) };
    const host = await come(row, by, 'host');
    await (await come(row, personId, 'co_host')).ask('leave');
    await askRoom(deps, row.id, { type: 'promote', by, personId, role: 'observer' });
    await askRoom(deps, row.id, { type: 'lock', by, isLocked: true });
    await until(() => host.told.some(([event]) => event === 'locked'));
    await host.ask('lock', { isLocked: false });
    const back = await come(row, personId, 'co_host');
    await host.ask('admit', { personId });
    await until(() => back.role() === 'observer');
  });

  test('whoever is removed reads on no more, and a new seat lets them come again', async () => {
    const row = await session();
    const [by, who] = [row.therapist_id, await bench.person()];
    const group_terms = JSON.stringify({ capacity: 3, minMembers: 0, decideBeforeStartMs: 0 });
    const own = bench.knex('sessions').where({ id: row.id });
    await own.update({ client_id: null, group_terms });
    const takeSeat = async (): Promise<string> => {
      const seat = { id: v7(), session_id: row.id, person_id: who, alias: v7(), due_cents: 0 };
      const standing = { state: 'confirmed', status: 'confirmed', payment: 'not_due' };
      await bench.knex('enrolments').insert({ ...seat, ...standing });
      return seat.id;
    };
    const first = await takeSeat();
    const cipher = createFieldCipher(keyRing);
    const met = (await findSession(bench.knex, row.id))!;
    await bench.knex.transaction((trx) =>
      openChatRoom(trx, { cipher, audit: () => undefined }, met),
    );
    const members = async (): Promise<string[]> => {
      const reading = bench.knex('support_participants').where({ role: 'member', left_at: null });
      return reading.where({ person_id: who }).pluck('person_id');
    };
    expect(await members()).toEqual([who]);
    const tell = (enrolmentId: string): Promise<void> =>
      roomSeats.handle({ knex: bench.knex, temporal: {} as Client, cipher }, {
        id: '1',
        topic: 'enrolment.changed',
        payload: { sessionId: row.id, enrolmentId, event: 'joined', status: 'confirmed' },
        clinicId: bench.clinicId,
        createdAt: new Date(),
      } as never);

    const host = await come(row, by, 'host');
    await come(row, who, 'participant');
    await host.ask('admit', { personId: who });
    await host.ask('remove', { personId: who });
    await rooms.signalling.settled();
    expect(await members()).toEqual([]);
    // The news of the seat that they were removed from comes again.
    await tell(first);
    expect(await members()).toEqual([]);
    expect((await come(row, who, 'participant')).told[0]?.[0]).toBe('refused');

    await bench.knex('enrolments').where({ id: first }).update({ state: 'left' });
    await tell(await takeSeat());
    expect(await members()).toEqual([who]);
    await until(async () => (await come(row, who, 'participant')).told[0]?.[0] === 'welcome');
  });

  test('where a role is given inside and outside at once, room and record agree in the end', async () => {
    const row = await session();
    const [by, personId] = [row.therapist_id, row.client_id!];
    const deps = { knex: bench.knex, cipher: createFieldCipher(keyRing) };
    const host = await come(row, by, 'host');
    const guest = await come(row, personId, 'participant');
    await host.ask('admit', { personId });
    // As over REST, whose record is written before the room hears of it.
    const role = 'observer';
    await bench.knex.transaction((trx) =>
      giveRole(trx, { sessionId: row.id, personId, role, givenBy: by }),
    );
    await host.ask('promote', { personId, role: 'co_host' });
    await rooms.signalling.settled();
    await askRoom(deps, row.id, { type: 'promote', by, personId, role });
    await until(() =>
      guest.told.some(([event, body]) => {
        return event === 'role-changed' && (body as { role: string }).role === role;
      }),
    );
    await rooms.signalling.settled();
    expect(await rolesOf(bench.knex, row.id)).toEqual({ [personId]: role });
  });
});
