import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';
import { type RoomSessions, roomSessions } from '../../support/room-sessions.ts';

let api: TestApi;
let therapist: TestPerson;
let client: TestPerson;
let session: RoomSessions['session'];
let group: RoomSessions['group'];

beforeAll(async () => {
  api = await startTestApi();
  therapist = await api.person({ isTherapist: true });
  client = await api.person();
  ({ session, group } = roomSessions(api, therapist, client));
}, 120_000);
afterAll(() => api.close());

describe('a chat room', () => {
  const ask = (id: string): Promise<TestReply> =>
    api.call('POST', `/api/teletherapy/${id}/create-chat-room`, {}, { token: therapist.token });

  test('is one however often it is asked for, with those in it who have a seat by then', async () => {
    const [stays, goes, comes] = [await api.person(), await api.person(), await api.person()];
    const id = await group(5, [stays, goes]);
    const rooms = await Promise.all(Array.from({ length: 4 }, () => ask(id)));
    expect(new Set(rooms.map(({ status }) => status))).toEqual(new Set([201]));
    const [room, ...others] = new Set(rooms.map(({ body }) => String(body['chatRoomId'])));
    expect(others).toEqual([]);
    const sees = async (): Promise<number[]> => {
      const replies = await Promise.all(
        [stays, goes, comes, therapist].map(({ token }) =>
          api.call('GET', `/api/messages/session/${room!}`, undefined, { token }),
        ),
      );
      return replies.map(({ status }) => status);
    };
    expect(await sees()).toEqual([200, 200, 404, 200]);
    const seat = (person: TestPerson) =>
      api.knex('enrolments').where({ session_id: id, person_id: person.id });
    await seat(goes).update({ state: 'left', status: 'cancelled' });
    const [like] = await seat(stays);
    const more = {
      id: uuidv7(),
      person_id: comes.id,
      alias: `member_${randomUUID().slice(0, 12)}`,
    };
    await api.knex('enrolments').insert({ ...like, ...more });
    await Promise.all([ask(id), ask(id)]);
    expect(await sees()).toEqual([200, 404, 200, 200]);
    await seat(goes).update({ state: 'confirmed', status: 'confirmed' });
    expect((await ask(id)).body['chatRoomId']).toBe(room);
    expect(await sees()).toEqual([200, 200, 200, 200]);
    const entries = await api
      .knex('audit_entries')
      .where({ object_id: room! })
      .whereLike('action', 'chat_room.%')
      .orderBy('id');
    expect(entries.map(({ action, subject_id: whose }) => [action, whose])).toEqual([
      ['chat_room.open', null],
      ['chat_room.member_added', comes.id],
      ['chat_room.member_removed', goes.id],
      ['chat_room.member_added', goes.id],
    ]);
  });

  test.each(['cancelled', 'declined', 'expired'])('is none of a session %s', async (status) => {
    const id = await session(5, { status });
    expect((await ask(id)).status).toBe(409);
    expect(await api.knex('support_sessions').where({ patient_id: client.id })).toEqual([]);
  });
});
