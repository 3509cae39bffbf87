/** 16-bit samples of one channel, little endian. */
export const SAMPLE_RATE = 16_000;
export const BYTES_PER_MS = (2 * SAMPLE_RATE) / 1_000;

/** Something that was said, in ms from the beginning of the sound. */
export interface SpokenSegment {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
}

/**
 * `timeout`: it took too long; `unreachable`; `busy`: it has no room for us or is in trouble; `refused`:
 * it does not accept our requests, which is for a human to see to; `unreadable`: what came is no answer,
 * or only a part of one; `stopped`: by the caller.
 */
export type SpeechFault = 'timeout' | 'unreachable' | 'busy' | 'refused' | 'unreadable' | 'stopped';

export type SpeechReply =
  | { readonly kind: 'heard'; readonly segments: readonly SpokenSegment[] }
  | { readonly kind: 'fault'; readonly fault: SpeechFault };

/** Makes words of sound. */
export interface SpeechGateway {
  /** The longest piece of sound that it is given at once, ms. */
  readonly pieceMs: number;
  /** All of a piece or nothing. Never throws. */
  transcribe(sound: Buffer, signal: AbortSignal): Promise<SpeechReply>;
}

/** Nobody says as much in one breath; longer ones are what an engine has made up. */
const LONGEST_TEXT = 8_000;

/**
 * What an engine says it heard, in order and within the sound; null where it is no answer at all.
 * Times are in seconds.
 */
export function readSegments(given: unknown, soundMs: number): SpokenSegment[] | null {
  if (!Array.isArray(given)) return null;
  const segments: SpokenSegment[] = [];
  for (const one of given as readonly unknown[]) {
    const { start, end, text } = Object(one) as Record<string, unknown>;
    if (typeof text !== 'string' || text.length > LONGEST_TEXT) return null;
    if (!isTime(start) || !isTime(end) || end < start) return null;
    const within = (seconds: number): number => Math.min(Math.round(seconds * 1_000), soundMs);
    const words = text.trim();
    if (words !== '') segments.push({ startMs: within(start), endMs: within(end), text: words });
  }
  return segments.toSorted((one, other) => one.startMs - other.startMs);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

export function fault(reason: SpeechFault): SpeechReply {
  return { kind: 'fault', fault: reason };
}
