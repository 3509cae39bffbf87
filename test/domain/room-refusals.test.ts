import { expect, test } from '@jest/globals';
import { whyRefused } from '../../domain/room-refusals.ts';
import { type RoomEvent, type RoomPolicy, advanceRoom, openRoom } from '../../domain/room.ts';

const POLICY: RoomPolicy = {
  mode: 'video',
  capacity: 2,
  maxObservers: 0,
  hasWaitingRoom: false,
  opensAt: 1_000,
  closesAt: 9_000,
  graceMs: 100,
};

function come(personId: string): Extract<RoomEvent, { type: 'connect' }> {
  const role = personId === 'host' ? 'host' : 'participant';
  return { type: 'connect', personId, name: personId, role, connectionId: personId };
}

/** What whoever wants the last of these hears, after the others were granted. */
function heard(events: readonly RoomEvent[], now = 2_000): string {
  const wish = events.at(-1)!;
  const state = events
    .slice(0, -1)
    .reduce((room, event) => advanceRoom(room, event, now).state, openRoom(POLICY));
  const { refused } = advanceRoom(state, wish, now);
  return whyRefused(state, wish, refused!);
}

test('whoever is not let in hears which of the reasons it is', () => {
  const host = come('host');
  expect(heard([host, { type: 'lock', by: 'host', isLocked: true }, come('ann')])).toMatch(
    'locked',
  );
  const removal = { type: 'remove', by: 'host', personId: 'ann' } as const;
  expect(heard([host, come('ann'), removal, come('ann')])).toMatch('removed');
  expect(heard([host, come('ann'), come('ben')])).toMatch('full');
  expect(heard([come('ann')], 500)).toMatch('not open yet');
  expect(heard([come('ann')], 9_500)).toMatch('over');
  expect(heard([host, { type: 'end', by: 'host' }, come('ann')])).toMatch('over');
});

test('whoever is inside hears what stands in the way of their wish', () => {
  const [host, ann] = [come('host'), come('ann')];
  expect(heard([host, ann, { type: 'lock', by: 'ann', isLocked: true }])).toMatch('Your part');
  expect(heard([host, { type: 'remove', by: 'host', personId: 'ann' }])).toMatch('not here');
});
