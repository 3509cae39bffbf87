import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { Server, Socket } from 'socket.io';
import type { Principal } from '../../../api/access/principal.ts';
import { ChatRooms } from '../../../api/realtime/chat-rooms.ts';
import type { ChatSource, LiveMessage } from '../../../api/realtime/chat-room.ts';
import { Connection } from '../../../api/realtime/connection.ts';
import { EventBudget } from '../../../api/realtime/event-budget.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';

// The rooms gather for a few milliseconds: the test says when these have gone by.
beforeAll(() => void jest.useFakeTimers());
afterAll(() => void jest.useRealTimers());

const SESSION = 'session';
const PEOPLE = ['patient', 'helper'] as const;

const messageOf = (number: number): LiveMessage => ({
  sessionId: SESSION,
  number,
  shown: { toPatient: { number }, toOthers: { number } },
});

/** A session, its sockets and a database that answers when it is told to. */
class World {
  last = 0;
  readonly participants = new Set<string>(PEOPLE);
  readonly sockets = new Map<string, { rooms: Set<string>; got: number[] }>();
  readonly faults: unknown[] = [];
  readonly #answers: (() => void)[] = [];
  readonly rooms: ChatRooms;

  constructor() {
    const io = {
      local: {
        to: (room: string) => ({
          emit: (_event: string, { number }: { number: number }) => {
            for (const { rooms, got } of this.sockets.values())
              if (rooms.has(room)) got.push(number);
          },
        }),
      },
    };
    this.rooms = new ChatRooms(io as unknown as Server, this.#source(), (error) =>
      this.faults.push(error),
    );
  }

  /** What a read sees, and when its answer comes, are two different moments. */
  #read<T>(look: () => T): Promise<T> {
    const seen = look();
    return new Promise((resolve) => this.#answers.push(() => resolve(seen)));
  }

  #source(): ChatSource {
    const after = (number: number): LiveMessage[] =>
      Array.from({ length: this.last - number }, (_, at) => messageOf(number + at + 1));
    return {
      readNews: (ranges) =>
        this.#read(() => ({
          messages: ranges.flatMap((range) => after(range.after)),
          participants: new Map([[SESSION, new Set(this.participants)]]),
        })),
      readPage: (range, limit) => this.#read(() => after(range.after).slice(0, limit)),
      lastNumbers: () => this.#read(() => new Map([[SESSION, this.last]])),
    };
  }

  answer(at: number): void {
    if (this.#answers.length > 0) this.#answers.splice(at % this.#answers.length, 1)[0]?.();
  }

  get isAsked(): boolean {
    return this.#answers.length > 0;
  }

  join(id: string, personId: string, after: number): Promise<void> {
    const state = { rooms: new Set<string>(), got: [] as number[] };
    this.sockets.set(id, state);
    const socket = {
      id,
      connected: true,
      join: (room: string) => void state.rooms.add(room),
      leave: (room: string) => void state.rooms.delete(room),
      emit: (_event: string, { number }: { number: number }) => state.got.push(number),
    };
    const connection = new Connection(socket as unknown as Socket);
    const budget = new EventBudget(1_000, 1_000, 0);
    const person = { personId, connections: new Set([connection]), budget };
    connection.holder = { principal: { personId } as Principal, token: '', person };
    const session = { id: SESSION, patientId: 'patient', isAnonymous: false };
    const found = { ...session, messageCount: this.last } as unknown as SupportSession;
    return this.rooms.enter(connection, found, after);
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const), isTold: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hear' as const), back: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('join' as const), back: fc.nat(5) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('answer' as const), at: fc.nat(5) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.constantFrom(0, 4) }),
  },
);

async function settle(world: World): Promise<void> {
  await jest.advanceTimersByTimeAsync(4);
  while (world.isAsked) {
    world.answer(0);
    await jest.advanceTimersByTimeAsync(4);
  }
}

test('however notices, reads and joins fall together, everybody gets every message once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const world = new World();
      const joins: { readonly id: string; readonly after: number; readonly done: Promise<void> }[] =
        [];
      for (const action of steps) {
        if (action.kind === 'send') {
          world.last += 1;
          if (action.isTold) world.rooms.tell(messageOf(world.last), world.participants);
        } else if (action.kind === 'hear') {
          world.rooms.hear(SESSION, Math.max(1, world.last - action.back));
        } else if (action.kind === 'answer') world.answer(action.at);
        else if (action.kind === 'pause') await jest.advanceTimersByTimeAsync(action.ms);
        else {
          const id = `socket ${joins.length}`;
          const after = Math.max(0, world.last - action.back);
          joins.push({ id, after, done: world.join(id, PEOPLE[joins.length % 2]!, after) });
        }
      }
      await settle(world);
      await Promise.all(joins.map(({ done }) => done));
      void world.rooms.lookForMissed();
      await settle(world);
      for (const { id, after } of joins) {
        const all = Array.from({ length: world.last - after }, (_, at) => after + at + 1);
        expect(world.sockets.get(id)?.got).toEqual(all);
      }
      expect(world.faults).toEqual([]);
      world.rooms.close();
    }),
    { numRuns: 150 },
  );
}, 120_000);

test('who takes part no more gets nothing that was written after, whatever was under way', async () => {
  const world = new World();
  for (const [id, person] of [
    ['one', 'patient'],
    ['two', 'helper'],
  ] as const) {
    const joined = world.join(id, person, 0);
    await settle(world);
    await joined;
  }
  world.last = 1;
  world.rooms.hear(SESSION, 1);
  await settle(world);
  world.participants.delete('helper');
  world.last = 2;
  world.rooms.tell(messageOf(2), world.participants);
  const late = world.join('three', 'helper', 0);
  await settle(world);
  await late;
  world.last = 3;
  world.rooms.hear(SESSION, 3);
  await settle(world);
  expect(world.sockets.get('one')?.got).toEqual([1, 2, 3]);
  expect(world.sockets.get('two')?.got).toEqual([1]);
  expect(world.sockets.get('three')?.got).toEqual([]);
});
