/** What a WAV file holds, as far as it matters here. */
export interface Sound {
  readonly seconds: number;
  /** The loudest sample of each second. */
  readonly loudness: readonly number[];
}

const HEADER_BYTES = 44;
const AUDIBLE = 200;

/** Samples of 16 bits in one channel; null for any other file. */
export function readWave(file: Buffer): Sound | null {
  if (file.length < HEADER_BYTES || file.toString('latin1', 0, 4) !== 'RIFF') return null;
  const [channels, rate, bits] = [
    file.readUInt16LE(22),
    file.readUInt32LE(24),
    file.readUInt16LE(34),
  ];
  const length = file.readUInt32LE(40);
  if (channels !== 1 || bits !== 16 || rate === 0) return null;
  if (HEADER_BYTES + length !== file.length) return null;
  const loudness: number[] = [];
  for (let at = HEADER_BYTES; at + 1 < file.length; at += 2) {
    const second = Math.floor((at - HEADER_BYTES) / (2 * rate));
    loudness[second] = Math.max(loudness[second] ?? 0, Math.abs(file.readInt16LE(at)));
  }
  return { seconds: length / (2 * rate), loudness };
}

/** Where there is sound, a sentence that tells its place; where there is none, nothing. */
export function hear({ seconds, loudness }: Sound): { id: number; text: string }[] {
  return loudness
    .map((loud, second) => ({ loud, second }))
    .filter(({ loud }) => loud > AUDIBLE)
    .map(({ second }, id) => ({
      id,
      seek: second * 100,
      start: second,
      end: Math.min(second + 1, seconds),
      text: ` Second ${second} was heard.`,
      tokens: [],
      temperature: 0,
      avg_logprob: -0.2,
      compression_ratio: 1.1,
      no_speech_prob: 0.01,
    }));
}
