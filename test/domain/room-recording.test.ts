import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type RecordingEvent,
  type RoomRecording,
  advanceRecording,
  isRecorded,
  openRecording,
  recordingStatus,
  resumeRecording,
} from '../../domain/room-recording.ts';
import {
  type RoomEvent,
  type RoomPolicy,
  type RoomState,
  advanceRoom,
  openRoom,
} from '../../domain/room.ts';

const POLICY: RoomPolicy = {
  mode: 'video',
  capacity: 4,
  maxObservers: 1,
  hasWaitingRoom: true,
  opensAt: 0,
  closesAt: 1_000_000,
  graceMs: 30_000,
};
const ROLES = { ann: 'host', bob: 'participant', cleo: 'participant', gil: 'observer' } as const;
const NAMES = Object.keys(ROLES) as (keyof typeof ROLES)[];

type Event = RoomEvent | RecordingEvent;
interface Both {
  readonly room: RoomState;
  readonly recording: RoomRecording;
}

function isAboutRecording(event: Event): event is RecordingEvent {
  return event.type === 'start' || event.type === 'stop' || event.type === 'say';
}

function after({ room, recording }: Both, event: Event): Both {
  return isAboutRecording(event)
    ? { room, recording: advanceRecording(recording, event, room).recording }
    : { room: advanceRoom(room, event, 1_000).state, recording };
}

const comes = (personId: keyof typeof ROLES): RoomEvent => ({
  type: 'connect',
  personId,
  name: personId,
  role: ROLES[personId],
  connectionId: personId,
});
const admits = (personId: string): RoomEvent => ({ type: 'admit', by: 'ann', personId });
const says = (personId: string, consents: boolean): Event => ({ type: 'say', personId, consents });

const person = fc.constantFrom(...NAMES);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: person.map(comes) },
  { weight: 3, arbitrary: person.map(admits) },
  person.map((connectionId): Event => ({ type: 'leave', connectionId })),
  person.map((connectionId): Event => ({ type: 'disconnect', connectionId })),
  person.map((personId): Event => ({
    type: 'assign_breakout',
    by: 'ann',
    personId,
    breakoutId: 'red',
  })),
  fc.constant<Event>({
    type: 'create_breakouts',
    by: 'ann',
    durationMs: null,
    rooms: [{ id: 'red', name: 'Red', personIds: ['bob'] }],
  }),
  { weight: 4, arbitrary: person.map((by): Event => ({ type: 'start', by })) },
  person.map((by): Event => ({ type: 'stop', by })),
  {
    weight: 8,
    arbitrary: fc.tuple(person, fc.boolean()).map(([who, isGiven]) => says(who, isGiven)),
  },
);

const opened: Both = { room: openRoom(POLICY), recording: openRecording(true, {}) };
const run = (events: readonly Event[]): Both =>
  events.reduce<Both>((state, each) => after(state, each), opened);
const together = [comes('ann'), comes('bob'), admits('bob')];

test('nothing is recorded while anybody inside has not agreed, and nobody is without a host asking', () => {
  let recorded = 0;
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let state = run(together);
      for (const each of events) {
        state = after(state, each);
        const { room, recording } = state;
        const shown = NAMES.filter((name) => isRecorded(recording, room, name));
        if (shown.length === 0) continue;
        recorded += 1;
        expect(ROLES[recording.wantedBy as keyof typeof ROLES]).toBe('host');
        for (const { personId, place } of Object.values(room.occupants)) {
          if (place === 'inside') expect(recording.consents[personId]).toBe(true);
        }
        for (const name of shown) {
          expect(room.occupants[name]).toMatchObject({ place: 'inside', breakoutId: null });
          expect(ROLES[name]).not.toBe('observer');
        }
      }
    }),
    { numRuns: 500 },
  );
  expect(recorded).toBeGreaterThan(0);
});

test('whoever takes a consent back ends the recording until a host starts it again', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let state = run(together);
      for (const each of events) {
        const before = state;
        state = after(before, each);
        if (each.type !== 'say' || each.consents) continue;
        if (before.recording.consents[each.personId] !== true) continue;
        expect(recordingStatus(state.recording, state.room)).toBe('off');
        const again = after(state, says(each.personId, true));
        expect(recordingStatus(again.recording, again.room)).toBe('off');
      }
    }),
    { numRuns: 500 },
  );
});

const status = ({ recording, room }: Both): string => recordingStatus(recording, room);

test('it waits for whoever comes without a consent, and goes on when they agree or leave', () => {
  const agreed = [says('ann', true), says('bob', true)];
  const on = run([...together, ...agreed, { type: 'start', by: 'ann' }]);
  expect(status(on)).toBe('on');
  const waiting = after(on, comes('cleo'));
  expect(status(waiting)).toBe('on');
  const inside = after(waiting, admits('cleo'));
  expect(status(inside)).toBe('waiting');
  expect(status(after(inside, says('cleo', false)))).toBe('waiting');
  expect(status(after(inside, says('cleo', true)))).toBe('on');
  expect(status(after(inside, { type: 'leave', connectionId: 'cleo' }))).toBe('on');
});

test('only hosts start and stop it, and only where the session allows it', () => {
  const { room } = run(together);
  const { recording } = opened;
  expect(advanceRecording(recording, { type: 'start', by: 'bob' }, room).refused).toBe('forbidden');
  expect(advanceRecording(recording, { type: 'stop', by: 'bob' }, room).refused).toBe('forbidden');
  const never = openRecording(false, { ann: true, bob: true });
  expect(advanceRecording(never, { type: 'start', by: 'ann' }, room).refused).toBe(
    'refused_by_rule',
  );
  expect(recordingStatus({ ...never, wantedBy: 'ann' }, room)).toBe('off');
});

test('a room that is opened again goes on with its recording, unless a consent was taken back', () => {
  const agreed = { ann: true, bob: true };
  const wanted = { wantedBy: 'ann', endedBy: null, consents: agreed };
  const { room } = run(together);
  const again = resumeRecording(true, agreed, wanted);
  expect(recordingStatus(again, room)).toBe('on');
  // Nobody who has come meanwhile is recorded without a consent of their own.
  const { room: withCleo } = run([...together, comes('cleo'), admits('cleo')]);
  expect(recordingStatus(again, withCleo)).toBe('waiting');

  for (const consents of [{ ann: true, bob: false }, { ann: true }]) {
    const ended = resumeRecording(true, consents, wanted);
    expect(ended).toMatchObject({ wantedBy: null, endedBy: 'withdrawal', consents });
    expect(recordingStatus(ended, room)).toBe('off');
    const agrees = advanceRecording(ended, { type: 'say', personId: 'bob', consents: true }, room);
    expect(recordingStatus(agrees.recording, room)).toBe('off');
  }
  const stopped = resumeRecording(true, agreed, { ...wanted, wantedBy: null });
  expect(stopped).toMatchObject({ wantedBy: null, endedBy: null });
  expect(resumeRecording(true, agreed, null)).toEqual(openRecording(true, agreed));
});
