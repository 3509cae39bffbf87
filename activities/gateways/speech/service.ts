import { type OpenAI, toFile } from 'openai';
import { type EndpointSettings, faultOf, openClient } from '../openai-client.ts';
import {
  BYTES_PER_MS,
  SAMPLE_RATE,
  type SpeechGateway,
  type SpeechReply,
  type SpokenSegment,
  fault,
  readSegments,
} from './gateway.ts';

/** An endpoint that speaks `audio/transcriptions`. */
export interface SpeechServiceOptions extends EndpointSettings {
  /** The language that is spoken; null leaves it to the service to find out. */
  readonly language: string | null;
}

/** 9.6 MB of sound: services take 25 MB at most. */
const PIECE_MS = 300_000;
/** A model that is given silence makes words up; these are its own marks of it, as published. */
const LIKELY_SILENCE = 0.6;
const UNLIKELY_WORDS = -1;

/** A service on the wire format of OpenAI's transcriptions. */
export function createSpeechService(options: SpeechServiceOptions): SpeechGateway {
  const client = openClient(options);
  return {
    pieceMs: PIECE_MS,
    transcribe: (sound, signal) => ask(client, options, sound, signal),
  };
}

async function ask(
  client: OpenAI,
  { model, language, timeoutMs }: SpeechServiceOptions,
  sound: Buffer,
  stopping: AbortSignal,
): Promise<SpeechReply> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([deadline, stopping]);
  const soundMs = sound.length / BYTES_PER_MS;
  try {
    const file = await toFile(asWave(sound), 'piece.wav', { type: 'audio/wav' });
    const answer: unknown = await client.audio.transcriptions.create(
      {
        file,
        model,
        response_format: 'verbose_json',
        timestamp_granularities: ['segment'],
        ...(language === null ? {} : { language }),
      },
      { signal },
    );
    const segments = readAnswer(answer, soundMs);
    return segments === null ? fault('unreadable') : { kind: 'heard', segments };
  } catch (error) {
    if (stopping.aborted) return fault('stopped');
    return fault(deadline.aborted ? 'timeout' : faultOf(error));
  }
}

/** Some services tell the text alone: then all of it was said in all of the piece. */
function readAnswer(answer: unknown, soundMs: number): SpokenSegment[] | null {
  const { text, segments } = Object(answer) as Record<string, unknown>;
  if (Array.isArray(segments)) {
    return readSegments(
      segments.filter((one: unknown) => !isSilence(one)),
      soundMs,
    );
  }
  if (typeof text !== 'string' || segments !== undefined) return null;
  return readSegments([{ start: 0, end: soundMs / 1_000, text }], soundMs);
}

function isSilence(segment: unknown): boolean {
  const { no_speech_prob, avg_logprob } = Object(segment) as Record<string, unknown>;
  if (typeof no_speech_prob !== 'number' || typeof avg_logprob !== 'number') return false;
  return no_speech_prob > LIKELY_SILENCE && avg_logprob < UNLIKELY_WORDS;
}

/** With the header of a WAV file, which tells what the samples are. */
export function asWave(sound: Buffer): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + sound.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(2 * SAMPLE_RATE, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(sound.length, 40);
  return Buffer.concat([header, sound]);
}
