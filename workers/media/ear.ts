import type { types } from 'mediasoup';

const INTERVAL_MS = 300;
/** Below this, of full scale in dB, there is a microphone and nobody speaks into it. */
const SPOKEN_DB = -65;
/** How many loud ones it hears of at once: more than a room ever has. */
const MOST_LOUD = 200;

/**
 * Listens to the microphones of one place. The observer of speakers names one even where there is
 * silence: the only microphone, or the first. So another one tells who is heard at all. It listens to
 * nobody any longer than until then: what it costs would else show in each packet that is sent on.
 */
export class Ear {
  readonly speakers: types.ActiveSpeakerObserver;
  readonly levels: types.AudioLevelObserver;
  readonly #tell: (producerId: string | null) => void;
  /** Whether each microphone has been heard since it was last switched on. */
  readonly #isHeard = new Map<string, boolean>();
  #named: string | null = null;
  #told: string | null = null;

  private constructor(
    speakers: types.ActiveSpeakerObserver,
    levels: types.AudioLevelObserver,
    tell: (producerId: string | null) => void,
  ) {
    [this.speakers, this.levels, this.#tell] = [speakers, levels, tell];
    speakers.on('dominantspeaker', ({ producer }) => {
      this.#named = producer.id;
      this.#decide();
    });
    levels.on('volumes', (volumes) => {
      for (const { producer } of volumes) this.#hear(producer.id);
      this.#decide();
    });
  }

  /** `tell` hears whose microphone is spoken into from now on; null: of whom was told has stopped. */
  static async open(router: types.Router, tell: (producerId: string | null) => void): Promise<Ear> {
    const [speakers, levels] = await Promise.all([
      router.createActiveSpeakerObserver({ interval: INTERVAL_MS }),
      router.createAudioLevelObserver({
        interval: INTERVAL_MS,
        threshold: SPOKEN_DB,
        maxEntries: MOST_LOUD,
      }),
    ]);
    return new Ear(speakers, levels, tell);
  }

  async add(producerId: string): Promise<void> {
    this.#isHeard.set(producerId, false);
    await Promise.all([
      this.speakers.addProducer({ producerId }),
      this.levels.addProducer({ producerId }),
    ]);
  }

  async remove(producerId: string): Promise<void> {
    const isHeard = this.#isHeard.get(producerId);
    this.forget(producerId);
    await Promise.all([
      this.speakers.removeProducer({ producerId }),
      ...(isHeard === true ? [] : [this.levels.removeProducer({ producerId })]),
    ]);
    // What was heard before is known by now.
    if (this.#named === producerId) this.#named = null;
  }

  /** It sends nothing just now. */
  quiet(producerId: string): void {
    if (this.#isHeard.get(producerId) === true) {
      this.#isHeard.set(producerId, false);
      // One that closes meanwhile is never heard again.
      this.levels.addProducer({ producerId }).catch(() => undefined);
    }
    this.#untell(producerId);
  }

  /** It is not here any more. */
  forget(producerId: string): void {
    this.#isHeard.delete(producerId);
    this.#untell(producerId);
  }

  close(): void {
    this.speakers.close();
    this.levels.close();
  }

  #hear(producerId: string): void {
    if (this.#isHeard.get(producerId) !== false) return;
    this.#isHeard.set(producerId, true);
    // One that closes meanwhile is listened to by nobody.
    this.levels.removeProducer({ producerId }).catch(() => undefined);
  }

  #untell(producerId: string): void {
    if (this.#told !== producerId) return;
    this.#told = null;
    this.#tell(null);
  }

  #decide(): void {
    const named = this.#named;
    if (named === null || named === this.#told || this.#isHeard.get(named) !== true) return;
    this.#told = named;
    this.#tell(named);
  }
}
