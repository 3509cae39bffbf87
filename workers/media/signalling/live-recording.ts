import type { types } from 'mediasoup';
import { HoldfastError } from '../../../domain/errors.ts';
import {
  type Consents,
  type RecordingEvent,
  type RecordingMemory,
  type RecordingStatus,
  type RoomRecording,
  advanceRecording,
  isRecorded,
  missingConsents,
  presentIn,
  recordingStatus,
  resumeRecording,
} from '../../../domain/room-recording.ts';
import type { LiveProducer } from './live-flow.ts';
import type { LiveRoom } from './live-room.ts';
import { type Source, sourceOf } from './peer.ts';
import type { RoomRecord } from './room-record.ts';

/** What records rooms. */
export interface RoomRecorder {
  /** Resolves when it is on record that the session is recorded; nothing of it is yet. */
  begin(wish: { readonly sessionId: string; readonly startedBy: string }): Promise<RecordingInHand>;
}

/** A recording that goes on: each call holds from when it is made. */
export interface RecordingInHand {
  readonly producerIds: readonly string[];
  take(track: {
    readonly producer: types.Producer;
    readonly router: types.Router;
    readonly personId: string;
    readonly source: Source;
  }): void;
  drop(producerId: string): void;
  end(): Promise<void>;
}

export interface RecordingStart {
  readonly isEnabled: boolean;
  readonly consents: Consents;
  /** As it was with the host before this one; null where there was none. */
  readonly before: RecordingMemory | null;
  readonly recorder: RoomRecorder | null;
}

/**
 * Keeps what is recorded of a room at what the rules allow: after each change of the room, of its media
 * and of anybody's consent it ends what may not go on, at once, and then takes in what may.
 */
export class LiveRecording {
  readonly #room: LiveRoom;
  readonly #record: RoomRecord;
  readonly #recorder: RoomRecorder | null;
  #recording: RoomRecording;
  #inHand: RecordingInHand | null = null;
  #isBeginning = false;
  #isClosed = false;
  #shown = '';
  /** Refusals that are not on record yet, and how many words there have been. */
  readonly #unwritten = new Map<string, number>();
  #words = 0;

  constructor(
    room: LiveRoom,
    record: RoomRecord,
    { isEnabled, consents, before, recorder }: RecordingStart,
  ) {
    this.#room = room;
    this.#record = record;
    this.#recorder = recorder;
    this.#recording = resumeRecording(isEnabled, consents, before);
  }

  get status(): RecordingStatus {
    if (this.#isClosed || this.#recorder === null) return 'off';
    return recordingStatus(this.#recording, this.#room.state);
  }

  /** What the next host of the room has to know. */
  get memory(): RecordingMemory {
    const { wantedBy, consents, endedBy } = this.#recording;
    return { wantedBy, consents, endedBy };
  }

  /**
   * Carries out a host's word; a stop has resolved once whoever has the room next knows of it. Rejects
   * with what the rules refuse, `recording_unavailable` without ffmpeg.
   */
  async act(event: Extract<RecordingEvent, { by: string }>): Promise<void> {
    const step = advanceRecording(this.#recording, event, this.#room.state);
    if (step.refused !== null) {
      const why = 'Only hosts record, and only sessions that were made so';
      throw new HoldfastError(step.refused, why);
    }
    if (event.type === 'start' && this.#recorder === null) {
      throw new HoldfastError('recording_unavailable', 'Nothing can be recorded here');
    }
    this.#recording = step.recording;
    this.follow();
    const kept = this.#room.remember();
    if (event.type === 'stop') await kept;
  }

  /** Somebody's own word: a refusal holds at once, a consent once it is on record. */
  async say(personId: string, consents: boolean): Promise<void> {
    this.#words += 1;
    const word = this.#words;
    if (!consents) {
      this.#apply(personId, false);
      this.#unwritten.set(personId, word);
    }
    await this.#record.consent({ personId, isGiven: consents });
    if (this.#unwritten.get(personId) === word) this.#unwritten.delete(personId);
    // Whoever has refused meanwhile has not agreed.
    if (consents && !this.#unwritten.has(personId)) this.#apply(personId, true);
  }

  /** What was said elsewhere, by what is read after this call. */
  listen(): (terms: { readonly consents: Consents }) => void {
    const unwritten = new Set(this.#unwritten.keys());
    return ({ consents }) => {
      for (const [personId, isGiven] of Object.entries(consents)) {
        const isNews = this.#recording.consents[personId] !== isGiven;
        const isOld = unwritten.has(personId) || this.#unwritten.has(personId);
        if (isNews && !(isGiven && isOld)) this.#apply(personId, isGiven);
      }
    };
  }

  /** The recording as one person is shown it. */
  view(personId: string): object {
    const { isEnabled, consents, endedBy } = this.#recording;
    return {
      state: this.status,
      isEnabled,
      isAvailable: this.#recorder !== null,
      missingConsents: missingConsents(consents, this.#room.state),
      consent: consents[personId] ?? null,
      endedBy,
    };
  }

  /** Ends what may not go on, takes in what may, and tells everybody of a change. */
  follow(): void {
    this.#carryOut();
    const { consents, endedBy } = this.#recording;
    const shown = JSON.stringify([
      this.status,
      endedBy,
      this.status === 'off' ? 0 : missingConsents(consents, this.#room.state),
    ]);
    if (shown === this.#shown) return;
    const isFirst = this.#shown === '';
    this.#shown = shown;
    if (isFirst && this.status === 'off') return;
    for (const personId of presentIn(this.#room.state)) {
      this.#room.tell([personId], 'recording-changed', this.view(personId));
    }
  }

  /** The room is over. */
  close(): void {
    this.#isClosed = true;
    this.#carryOut();
  }

  #apply(personId: string, consents: boolean): void {
    const said = { type: 'say', personId, consents } as const;
    this.#recording = advanceRecording(this.#recording, said, this.#room.state).recording;
    this.follow();
    void this.#room.remember();
    if (!presentIn(this.#room.state).includes(personId)) return;
    this.#room.tell([personId], 'recording-changed', this.view(personId));
  }

  #carryOut(): void {
    if (this.status !== 'on') {
      const ended = this.#inHand;
      this.#inHand = null;
      void ended?.end();
      return;
    }
    if (this.#inHand === null) void this.#begin();
    else this.#arrange(this.#inHand);
  }

  async #begin(): Promise<void> {
    const { wantedBy } = this.#recording;
    if (this.#isBeginning || this.#recorder === null || wantedBy === null) return;
    this.#isBeginning = true;
    try {
      const { sessionId } = this.#room.media;
      const begun = await this.#recorder.begin({ sessionId, startedBy: wantedBy });
      if (this.status === 'on') this.#inHand = begun;
      else void begun.end();
    } catch {
      // What is not on record is not recorded.
      this.#recording = { ...this.#recording, wantedBy: null };
      this.follow();
      void this.#room.remember();
    } finally {
      this.#isBeginning = false;
    }
    this.#carryOut();
  }

  #arrange(inHand: RecordingInHand): void {
    const { state, flow } = this.#room;
    for (const producerId of inHand.producerIds) {
      const live = flow.producers.get(producerId);
      if (live === undefined || !this.#isTaken(live, state)) inHand.drop(producerId);
    }
    for (const live of flow.producers.values()) {
      if (this.#isTaken(live, state)) void this.#take(inHand, live);
    }
  }

  #isTaken({ producer, peer }: LiveProducer, state: LiveRoom['state']): boolean {
    return !producer.closed && isRecorded(this.#recording, state, peer.personId);
  }

  async #take(inHand: RecordingInHand, live: LiveProducer): Promise<void> {
    const { producer, peer } = live;
    const seat = await peer.seat;
    const isStill = this.#inHand === inHand && this.status === 'on';
    if (seat === null || !isStill || !this.#isTaken(live, this.#room.state)) return;
    const { personId } = peer;
    inHand.take({ producer, router: seat.router, personId, source: sourceOf(producer) });
  }
}
