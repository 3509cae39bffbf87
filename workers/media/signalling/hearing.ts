import { cryIn } from '../../../activities/rooms/calls-for-help.ts';
import { PREVIOUS_MESSAGES } from '../../../domain/triage/detect.ts';
import type { LiveRoom } from './live-room.ts';
import type { Records } from './record.ts';

/** A cry that is split over messages is typed within this time. */
const PREVIOUS_WITHIN_MS = 10 * 60_000;

interface Utterance {
  readonly text: string;
  readonly atMs: number;
}

/** Reads what people write in a room for cries for help, with what they wrote before in view. */
export class Hearing {
  readonly #records: Records;
  readonly #said = new WeakMap<LiveRoom, Map<string, readonly Utterance[]>>();

  constructor(records: Records) {
    this.#records = records;
  }

  /**
   * Hears what somebody has sent, as it came and before anything may refuse it. What was heard and
   * taken in before, over another path, is not heard twice.
   */
  hear(room: LiveRoom, personId: string, payload: unknown): void {
    const text = textOf(payload);
    if (text === null) return;
    const messageId = idOf(payload);
    if (messageId !== null && room.chat.knows(personId, { text, messageId })) return;
    const nowMs = Date.now();
    const said = this.#saidIn(room);
    const lately = (said.get(personId) ?? []).filter(
      ({ atMs }) => nowMs - atMs <= PREVIOUS_WITHIN_MS,
    );
    said.set(personId, [...lately, { text, atMs: nowMs }].slice(-PREVIOUS_MESSAGES));
    const screening = cryIn(
      text,
      lately.map((each) => each.text),
    );
    if (screening !== null) this.#records.cry(room.media.sessionId, personId, text, screening);
  }

  #saidIn(room: LiveRoom): Map<string, readonly Utterance[]> {
    const known = this.#said.get(room) ?? new Map<string, readonly Utterance[]>();
    this.#said.set(room, known);
    return known;
  }
}

/** The text of a message, or whatever came in the place of one. */
function textOf(payload: unknown): string | null {
  const text: unknown = fieldOf(payload, 'text') ?? payload;
  return typeof text === 'string' ? text : null;
}

function idOf(payload: unknown): string | null {
  const id = fieldOf(payload, 'messageId');
  return typeof id === 'string' ? id : null;
}

function fieldOf(payload: unknown, name: string): unknown {
  return typeof payload === 'object' && payload !== null ? Reflect.get(payload, name) : undefined;
}
