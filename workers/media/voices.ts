import type { types } from 'mediasoup';

const SPEAKER_INTERVAL_MS = 300;

/** The main room, by the side of its breakouts. */
export const MAIN_PLACE = '';

type SpeakerListener = (place: string, producerId: string) => void;

/**
 * Who speaks in each place of a room: one ear for each, so that whoever is loud in a breakout neither
 * hides a speaker elsewhere nor shows there that somebody speaks.
 */
export class Voices {
  /** The ear of the main room. */
  readonly main: types.ActiveSpeakerObserver;
  readonly #router: types.Router;
  readonly #ears = new Map<string, types.ActiveSpeakerObserver>();
  readonly #places = new Map<string, string>();
  readonly #listeners = new Set<SpeakerListener>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(router: types.Router, main: types.ActiveSpeakerObserver) {
    this.#router = router;
    this.main = main;
    this.#listenTo(MAIN_PLACE, main);
  }

  static async open(router: types.Router): Promise<Voices> {
    return new Voices(router, await earOn(router));
  }

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
    if (before === undefined) producer.observer.once('close', () => this.#forget(producerId));
    else {
      await this.#ears.get(before)?.removeProducer({ producerId });
      this.#forget(producerId);
    }
    const known = this.#ears.get(place);
    const ear = known ?? this.#listenTo(place, await earOn(this.#router));
    this.#places.set(producerId, place);
    // One that closes meanwhile is not heard anywhere.
    if (producer.closed) return this.#forget(producerId);
    await ear.addProducer({ producerId });
  }

  /** A breakout that nobody speaks in any more has no ear. */
  #forget(producerId: string): void {
    const place = this.#places.get(producerId);
    this.#places.delete(producerId);
    if (place === undefined || place === MAIN_PLACE) return;
    if ([...this.#places.values()].includes(place)) return;
    this.#ears.get(place)?.close();
    this.#ears.delete(place);
  }

  #listenTo(place: string, ear: types.ActiveSpeakerObserver): types.ActiveSpeakerObserver {
    this.#ears.set(place, ear);
    ear.on('dominantspeaker', ({ producer }) => {
      for (const listener of this.#listeners) listener(place, producer.id);
    });
    return ear;
  }
}

function earOn(router: types.Router): Promise<types.ActiveSpeakerObserver> {
  return router.createActiveSpeakerObserver({ interval: SPEAKER_INTERVAL_MS });
}
