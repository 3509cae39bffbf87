import { resolve } from 'node:path';
import type { EnvReader } from './env-reader.ts';
import type { SpeechSettings } from './types.ts';

const WEB = ['http:', 'https:'];
const ENGINES = ['local', 'service', 'off'] as const;

/**
 * What makes words of recordings: a service where one is named, else the engine that is provided along
 * with the product, or nothing at all.
 */
export function readSpeech(reader: EnvReader, home: string): SpeechSettings {
  const baseUrl = reader.url('SPEECH_URL', WEB);
  const engine = reader.choice('SPEECH_TO_TEXT', baseUrl === null ? 'local' : 'service', ENGINES);
  const folder = resolve(reader.text('SPEECH_ENGINE_DIR') ?? resolve(home, 'speech-engine'));
  if (engine === 'off') return { engine };
  if (engine === 'local') return { engine, folder };
  if (baseUrl === null) reader.required('SPEECH_URL');
  return {
    engine,
    baseUrl: baseUrl ?? '',
    apiKey: reader.required('SPEECH_KEY'),
    model: reader.required('SPEECH_MODEL'),
    language: readLanguage(reader),
    timeoutMs: reader.durationMs('SPEECH_TIMEOUT', 120_000),
    retries: reader.integer('SPEECH_RETRIES', 2, 0, 5),
  };
}

function readLanguage(reader: EnvReader): string | null {
  const language = reader.text('SPEECH_LANGUAGE');
  if (language !== null && !/^[a-z]{2,3}$/.test(language)) {
    reader.fault('SPEECH_LANGUAGE', 'must be the code of a language, such as en');
  }
  return language;
}
