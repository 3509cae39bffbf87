import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { byOrder, mayRead, placeOfWords } from '../../domain/room-chat.ts';
import { maySpeak } from '../../domain/room-reach.ts';
import { type RoomEvent, type RoomPolicy, advanceRoom, openRoom } from '../../domain/room.ts';

const POLICY: RoomPolicy = {
  mode: 'video',
  capacity: 6,
  maxObservers: 2,
  hasWaitingRoom: false,
  opensAt: 0,
  closesAt: 1_000_000,
  graceMs: 30_000,
};
const NAMES = ['ann', 'bob', 'cleo', 'dan', 'eve'];
const ROOMS = ['red', 'blue'];

const name = fc.constantFrom(...NAMES);
const connect = name.map((personId): RoomEvent => ({
  type: 'connect',
  personId,
  name: personId,
  role: personId === 'ann' ? 'host' : 'participant',
  connectionId: personId,
}));
const split = fc
  .uniqueArray(fc.constantFrom('bob', 'cleo', 'dan'), { minLength: 1 })
  .map((people): RoomEvent => {
    const rooms = ROOMS.map((id, at) => {
      return { id, name: id, personIds: people.filter((_each, index) => index % 2 === at) };
    });
    return { type: 'create_breakouts', by: 'ann', rooms, durationMs: null };
  });
const event: fc.Arbitrary<RoomEvent> = fc.oneof(
  { weight: 4, arbitrary: connect },
  split,
  fc.tuple(name, fc.constantFrom('red', 'blue', null)).map(([personId, breakoutId]): RoomEvent => {
    return { type: 'assign_breakout', by: 'ann', personId, breakoutId };
  }),
  name.map((connectionId): RoomEvent => ({ type: 'disconnect', connectionId })),
  name.map((connectionId): RoomEvent => ({ type: 'leave', connectionId })),
  fc.constant<RoomEvent>({ type: 'close_breakouts', by: 'ann' }),
);

test('what is written in one place is read by nobody who is in another, then or later', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), fc.boolean(), (events, isShownToLater) => {
      let state = openRoom(POLICY);
      for (const each of events) {
        state = advanceRoom(state, each, 2_000).state;
        for (const senderId of NAMES.filter((one) => maySpeak(state, one))) {
          const place = placeOfWords(state, senderId);
          const where = state.occupants[senderId]!.breakoutId;
          for (const personId of NAMES) {
            const occupant = state.occupants[personId];
            const isThere = occupant?.place === 'inside';
            const reader = { personId, isTherapist: false, hasBeenInside: isThere };
            // Nobody but those who are in the same place now; who comes later is not here yet.
            const isAround = isThere && occupant.breakoutId === where;
            expect(mayRead(place, reader, isShownToLater)).toBe(isAround);
            const later = { ...reader, hasBeenInside: true };
            const isLate = !isThere && where === null && isShownToLater;
            expect(mayRead(place, later, isShownToLater)).toBe(isAround || isLate);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('the order is that of placements, then of what was written in each', () => {
  const mark = fc.record({ epoch: fc.nat(5), sequence: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(mark), (marks) => {
      const sorted = marks.toSorted(byOrder);
      sorted.slice(1).forEach((each, at) => {
        const before = sorted[at]!;
        expect(before.epoch).toBeLessThanOrEqual(each.epoch);
        if (before.epoch === each.epoch) {
          expect(before.sequence).toBeLessThanOrEqual(each.sequence);
        }
      });
    }),
  );
});
