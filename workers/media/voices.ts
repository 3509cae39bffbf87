import type { types } from 'mediasoup';
import { Ear } from './ear.ts';

/** The main room, by the side of its breakouts. */
export const MAIN_PLACE = '';

type SpeakerListener = (place: string, producerId: string | null) => void;

/**
 * Who speaks in each place of a room: one ear for each, so that whoever is loud in a breakout neither
 * hides a speaker elsewhere nor shows there that somebody speaks.
 */
export class Voices {
  readonly #router: types.Router;
  readonly #ears = new Map<string, Ear>();
  readonly #places = new Map<string, string>();
  readonly #listeners = new Set<SpeakerListener>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(router: types.Router) {
    this.#router = router;
  }

  static async open(router: types.Router): Promise<Voices> {
    const voices = new Voices(router);
    await voices.#listenIn(MAIN_PLACE);
    return voices;
  }

  /** Of the main room. */
  get main(): Ear {
    return this.#ears.get(MAIN_PLACE)!;
  }

  /** Hears whose microphone is spoken into in a place, or null: theirs of whom it was told is not any more. */
  onSpeaker(listener: SpeakerListener): void {
    this.#listeners.add(listener);
  }

  /** Has a microphone, which the router knows, heard in one place, and in no other from here on. */
  watch(producer: types.Producer, place: string): Promise<void> {
    const turn = this.#turn.then(() => this.#move(producer, place));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #move(producer: types.Producer, place: string): Promise<void> {
    const { id: producerId } = producer;
    const before = this.#places.get(producerId);
    if (before === place || producer.closed || this.#router.closed) return;
    if (before === undefined) {
      producer.observer.on('pause', () => this.#earOf(producerId)?.quiet(producerId));
      producer.observer.once('close', () => this.#forget(producerId));
    } else {
      await this.#ears.get(before)?.remove(producerId);
      this.#forget(producerId);
    }
    const ear = this.#ears.get(place) ?? (await this.#listenIn(place));
    this.#places.set(producerId, place);
    // One that closes meanwhile is not heard anywhere.
    if (producer.closed) return this.#forget(producerId);
    await ear.add(producerId);
  }

  #earOf(producerId: string): Ear | undefined {
    const place = this.#places.get(producerId);
    return place === undefined ? undefined : this.#ears.get(place);
  }

  /** A breakout that nobody speaks in any more has no ear. */
  #forget(producerId: string): void {
    this.#earOf(producerId)?.forget(producerId);
    const place = this.#places.get(producerId);
    this.#places.delete(producerId);
    if (place === undefined || place === MAIN_PLACE) return;
    if ([...this.#places.values()].includes(place)) return;
    this.#ears.get(place)?.close();
    this.#ears.delete(place);
  }

  async #listenIn(place: string): Promise<Ear> {
    const ear = await Ear.open(this.#router, (producerId) => {
      for (const listener of this.#listeners) listener(place, producerId);
    });
    this.#ears.set(place, ear);
    return ear;
  }
}
