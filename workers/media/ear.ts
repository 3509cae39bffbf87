import type { types } from 'mediasoup';

const INTERVAL_MS = 300;
/** Each telling of the levels costs as much as many packets: seldom is enough to know who is heard at all. */
const LEVELS_EVERY_MS = 1_000;
/** Below this, of full scale in dB, there is a microphone and nobody speaks into it. */
const SPOKEN_DB = -65;
/** How many loud ones it hears of at once: more than a room ever has. */
const MOST_LOUD = 200;

/**
 * Listens to the microphones of one place. The observer of speakers names one even where there is
 * silence: the only microphone, or the first. So another one tells who can be heard at all.
 */
export class Ear {
  readonly speakers: types.ActiveSpeakerObserver;
  readonly levels: types.AudioLevelObserver;
  readonly #tell: (producerId: string | null) => void;
  #named: string | null = null;
  #told: string | null = null;
  #loud: ReadonlySet<string> = new Set();

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
      this.#loud = new Set(volumes.map(({ producer }) => producer.id));
      this.#decide();
    });
    levels.on('silence', () => (this.#loud = new Set()));
  }

  /** `tell` hears whose microphone is spoken into from now on; null: of whom was told has stopped. */
  static async open(router: types.Router, tell: (producerId: string | null) => void): Promise<Ear> {
    const [speakers, levels] = await Promise.all([
      router.createActiveSpeakerObserver({ interval: INTERVAL_MS }),
      router.createAudioLevelObserver({
        interval: LEVELS_EVERY_MS,
        threshold: SPOKEN_DB,
        maxEntries: MOST_LOUD,
      }),
    ]);
    return new Ear(speakers, levels, tell);
  }

  async add(producerId: string): Promise<void> {
    await Promise.all([
      this.speakers.addProducer({ producerId }),
      this.levels.addProducer({ producerId }),
    ]);
  }

  async remove(producerId: string): Promise<void> {
    await Promise.all([
      this.speakers.removeProducer({ producerId }),
      this.levels.removeProducer({ producerId }),
    ]);
    // What was heard before is known by now.
    if (this.#named === producerId) this.#named = null;
    this.quiet(producerId);
  }

  /** It sends nothing just now, or any more. */
  quiet(producerId: string): void {
    this.#loud = new Set([...this.#loud].filter((id) => id !== producerId));
    if (this.#told !== producerId) return;
    this.#told = null;
    this.#tell(null);
  }

  close(): void {
    this.speakers.close();
    this.levels.close();
  }

  #decide(): void {
    if (this.#named === null || this.#named === this.#told || !this.#loud.has(this.#named)) return;
    this.#told = this.#named;
    this.#tell(this.#told);
  }
}
