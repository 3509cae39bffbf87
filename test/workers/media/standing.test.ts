import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Socket } from 'socket.io-client';
import { v7 } from 'uuid';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { roomStandings } from '../../../activities/rooms/standings.ts';
import { createFieldCipher } from '../../../crypto/field-cipher.ts';
import { type KeyRing, ephemeralKeyRing } from '../../../crypto/key-ring.ts';
import { keepBreakouts, openBreakouts } from '../../../db/breakouts.ts';
import { suspendPerson } from '../../../db/clinic-people.ts';
import { openWaitingRoom } from '../../../db/hosted-sessions.ts';
import { askRoom } from '../../../db/room-commands.ts';
import { liftRemovals, noteRemoval } from '../../../db/room-removals.ts';
import type { SessionRow } from '../../../db/sessions.ts';
import { policyOfSession } from '../../../workers/media/signalling/policy.ts';
import { hearCommands } from '../../../workers/media/signalling/room-commands.ts';
import { type SessionBench, startSessionBench } from '../../activities/session/bench.ts';
import { describeMedia } from '../../support/media.ts';
import { type Guest, type RoomHost, joinRoom, startRoomHost } from '../../support/room-host.ts';
import { connectLine } from '../../support/room-line.ts';
import { until } from '../../support/until.ts';

const MINUTE_MS = 60_000;

/** A connection, and the names of everything that it was told. */
interface Told {
  readonly socket: Socket;
  readonly told: readonly [string, unknown][];
  readonly events: () => string[];
  readonly ask: (event: string, body?: object) => Promise<Record<string, unknown>>;
}

/** Where somebody was told last that they are. */
function breakoutOf({ told }: Told): string | null {
  const views = told.filter(([event]) => ['welcome', 'admitted', 'moved'].includes(event));
  const view = views.at(-1)?.[1] as { breakout?: { name: string } | null } | undefined;
  return view?.breakout?.name ?? null;
}

describeMedia('an open room keeps to its session', () => {
  let bench: SessionBench;
  let keyRing: KeyRing;
  let rooms: RoomHost;
  let hearing: { close(): Promise<void> };
  const open: Socket[] = [];

  beforeAll(async () => {
    [bench, keyRing] = await Promise.all([startSessionBench(), ephemeralKeyRing()]);
    const { knex, databaseUrl } = bench;
    rooms = await startRoomHost(knex, keyRing, (sessionId) => policyOfSession(knex, sessionId));
    hearing = hearCommands({
      knex,
      databaseUrl,
      cipher: createFieldCipher(keyRing),
      rooms: rooms.signalling.rooms,
      log: pino({ level: 'silent' }),
    });
  }, 120_000);
  afterAll(async () => {
    for (const socket of open) socket.close();
    await hearing.close();
    await rooms.close();
    await bench.close();
  });

  /** A confirmed session that starts so many minutes from now. */
  async function session(minutes: number): Promise<SessionRow> {
    const startsAt = Date.now() + minutes * MINUTE_MS;
    return bench.book({ startsAt, state: { status: 'confirmed', approval: 'given' } });
  }

  async function come({ id }: SessionRow, personId: string, role: Guest['role']): Promise<Told> {
    const guest = { personId, role, displayName: role };
    const { token, signalingUrl } = await joinRoom(bench.knex, keyRing, id, guest);
    const { socket, told, ask } = await connectLine(signalingUrl, token);
    open.push(socket);
    return { socket, told, ask, events: () => told.map(([event]) => event) };
  }

  /** What the outbox's relay hands over when a session or somebody's seat in it has ended. */
  function tell(topic: string, sessionId: string): Promise<void> {
    const payload = { sessionId, status: 'completed', version: 2 };
    const row = { id: '1', topic, payload, clinicId: bench.clinicId, createdAt: new Date() };
    return roomStandings.handle(
      { knex: bench.knex, temporal: {} as Client, cipher: createFieldCipher(keyRing) },
      row as never,
    );
  }

  test('whoever opens the waiting room early lets people wait, though the room stood open before', async () => {
    const row = await session(60);
    const host = await come(row, row.therapist_id, 'host');
    const early = await come(row, row.client_id!, 'participant');
    expect(early.events()).toEqual(['refused']);
    await bench.knex.transaction((trx) => openWaitingRoom(trx, row.id));
    await until(async () => (await come(row, row.client_id!, 'participant')).socket.connected);
    await until(() => host.events().includes('waiting'));
  });

  test.each(['completed', 'cancelled', 'no_show'])(
    'a session that is %s ends its room for all, also for those who wait',
    async (status) => {
      const row = await session(1);
      const host = await come(row, row.therapist_id, 'host');
      const guest = await come(row, row.client_id!, 'participant');
      await bench.knex('sessions').where({ id: row.id }).update({ status });
      await tell('session.changed', row.id);
      await until(() => !host.socket.connected && !guest.socket.connected);
      expect([host.events().at(-1), guest.events().at(-1)]).toEqual(['room-closed', 'room-closed']);
      await rooms.signalling.settled();
      const ledger = await bench.knex('room_presence').where({ session_id: row.id, kind: 'left' });
      expect(ledger).toHaveLength(2);
    },
  );

  test('whoever gives up their seat leaves the room, and nobody else does', async () => {
    const row = await session(1);
    const terms = { capacity: 3, minMembers: 0, decideBeforeStartMs: 0 };
    const group = { client_id: null, group_terms: JSON.stringify(terms) };
    await bench.knex('sessions').where({ id: row.id }).update(group);
    const seats = await Promise.all([bench.person(), bench.person()]);
    await bench.knex('enrolments').insert(
      seats.map((personId) => ({
        id: v7(),
        session_id: row.id,
        person_id: personId,
        state: 'confirmed',
        status: 'confirmed',
        payment: 'not_due',
        due_cents: 0,
        alias: v7(),
      })),
    );
    const host = await come(row, row.therapist_id, 'host');
    const [one, other] = await Promise.all(seats.map((id) => come(row, id, 'participant')));
    const seat = bench.knex('enrolments').where({ session_id: row.id, person_id: seats[0]! });
    await seat.update({ state: 'left', status: 'cancelled' });
    await tell('enrolment.changed', row.id);
    await until(() => !one!.socket.connected);
    expect(one!.events().at(-1)).toBe('removed');
    expect([host.socket.connected, other!.socket.connected]).toEqual([true, true]);
  });

  test('a pass is good for nothing once its person has no part in the session any more', async () => {
    const row = await session(1);
    const personId = row.client_id!;
    const guest = { personId, role: 'participant', displayName: 'Guest' } as const;
    const { token, signalingUrl } = await joinRoom(bench.knex, keyRing, row.id, guest);
    const knock = async (): Promise<unknown> => {
      const { socket, told } = await connectLine(signalingUrl, token);
      open.push(socket);
      return told[0];
    };
    const refused = ['refused', expect.objectContaining({ error: 'FORBIDDEN' })];
    expect(await knock()).toMatchObject(['welcome', { place: 'waiting' }]);
    const removal = { sessionId: row.id, personId, by: row.therapist_id };
    await bench.knex.transaction((trx) => noteRemoval(trx, removal));
    expect(await knock()).toEqual(refused);
    await bench.knex.transaction((trx) => liftRemovals(trx, row.id, [personId]));
    expect(await knock()).toMatchObject(['welcome', {}]);
    await bench.knex.transaction((trx) => suspendPerson(trx, personId));
    expect(await knock()).toEqual(refused);
    await bench.knex('people').where({ id: personId }).update({ suspended_at: null });
    const other = await bench.person();
    await bench.knex('sessions').where({ id: row.id }).update({ client_id: other });
    expect(await knock()).toEqual(refused);
  });

  test('whoever is suspended leaves every room', async () => {
    const row = await session(1);
    const guest = await come(row, row.client_id!, 'participant');
    await bench.knex.transaction((trx) => suspendPerson(trx, row.client_id!));
    await until(() => !guest.socket.connected);
    expect(guest.events().at(-1)).toBe('removed');
  });

  test.each(['by its host', 'from outside'])(
    'whoever is removed from it %s and is added to the session again waits to be let in',
    async (from) => {
      const row = await session(1);
      const [by, personId] = [row.therapist_id, row.client_id!];
      const deps = { knex: bench.knex, cipher: createFieldCipher(keyRing) };
      const host = await come(row, by, 'host');
      const guest = await come(row, personId, 'participant');
      await host.ask('admit', { personId });
      if (from === 'by its host') await host.ask('remove', { personId });
      else await askRoom(deps, row.id, { type: 'remove', by, personId });
      await until(() => !guest.socket.connected);
      expect((await come(row, personId, 'participant')).events()).toEqual(['refused']);
      await askRoom(deps, row.id, { type: 'readmit', by, personId });
      await until(async () => (await come(row, personId, 'participant')).socket.connected);
      await until(() => host.events().filter((event) => event === 'waiting').length >= 3);
      expect(await host.ask('admit', { personId })).toMatchObject({ success: true });
    },
  );

  test('breakouts are the same in the room and on record, whoever makes them, and await who is late', async () => {
    const row = await session(1);
    const [host, guest] = [row.therapist_id, row.client_id!];
    const deps = { knex: bench.knex, cipher: createFieldCipher(keyRing) };
    const onRecord = async (): Promise<unknown[]> => {
      const rows = await openBreakouts(bench.knex, row.id);
      return rows.map(({ personIds }) => personIds);
    };
    // Made while nobody is there yet.
    const early = [{ id: v7(), name: 'Early', personIds: [guest] }];
    await keepBreakouts(deps, row.id, { endsAt: null, rooms: early });
    const line = await come(row, host, 'host');
    const late = await come(row, guest, 'participant');
    await line.ask('admit', { personId: guest });
    await until(() => breakoutOf(late) === 'Early');

    // Made in the room.
    await line.ask('create-breakouts', { rooms: [{ name: 'Live', personIds: [] }] });
    await until(
      async () => (await onRecord()).length === 1 && (await onRecord()).flat().length === 0,
    );
    const [live] = (await openBreakouts(bench.knex, row.id)).map(({ id }) => id);
    await line.ask('assign-breakout', { personId: guest, breakoutId: live });
    await until(async () => (await onRecord()).flat().includes(guest));

    // Made from outside, for somebody who comes back later.
    late.socket.close();
    await askRoom(deps, row.id, { type: 'leave_room', by: guest });
    await askRoom(deps, row.id, {
      type: 'create_breakouts',
      by: host,
      rooms: [{ id: v7(), name: 'Outside', personIds: [guest] }],
      durationMs: 60_000,
    });
    await until(async () => breakoutOf(await come(row, guest, 'participant')) === 'Outside');
    await line.ask('close-breakouts');
    await until(async () => (await onRecord()).length === 0);
  });

  test('a session that is moved has its room closed at its new end', async () => {
    const row = await session(1);
    const host = await come(row, row.therapist_id, 'host');
    const at = (minutes: number): Date => new Date(Date.now() - minutes * MINUTE_MS);
    await bench
      .knex('sessions')
      .where({ id: row.id })
      .update({ starts_at: at(90), ends_at: at(40) });
    await tell('session.moved', row.id);
    await until(() => host.events().includes('room-closed'));
  });
});
