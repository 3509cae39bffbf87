/** What one connection may have and ask for. */
export const LIMITS = {
  /** One to send and one to receive, and one more of each while they are replaced. */
  transports: 4,
  /** Microphone, camera, screen, the screen's sound. */
  producers: 4,
  consumers: 200,
  /** Tabs of one person at once. */
  connectionsOfPerson: 5,
  /** Requests at once, refilled steadily. */
  burst: 120,
  perSecond: 30,
  /** So many requests beyond that, and the connection is ended. */
  strikes: 600,
  messageBytes: 64 * 1_024,
  /** A message on a data channel: the longest text, however its characters are written in JSON. */
  channelBytes: 16 * 1_024,
  /** What waits for a slow receiver, or is on its way in parts. */
  channelBufferBytes: 256 * 1_024,
  /** What one connection may send in media at most, bits a second. */
  incomingBitrate: 4_000_000,
  chatLength: 2_000,
  /** So much of a room's chat may wait to be written down; more is refused, and its sender told. */
  chatUnwritten: 1_000,
} as const;

/** How many requests a connection has left: a burst, refilled steadily. */
export class RequestBudget {
  #left: number = LIMITS.burst;
  #strikes = 0;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** `flooding`: it has been told often enough. */
  take(nowMs: number): 'granted' | 'refused' | 'flooding' {
    const refill = ((nowMs - this.#atMs) / 1_000) * LIMITS.perSecond;
    this.#left = Math.min(LIMITS.burst, this.#left + refill);
    this.#atMs = nowMs;
    if (this.#left >= 1) {
      this.#left -= 1;
      return 'granted';
    }
    this.#strikes += 1;
    return this.#strikes >= LIMITS.strikes ? 'flooding' : 'refused';
  }
}
