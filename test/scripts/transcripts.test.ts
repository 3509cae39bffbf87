import { expect, test } from '@jest/globals';
import { transcriptWords } from '../../scripts/launcher/transcripts.ts';

const there = { state: 'there' } as const;
const coming = { state: 'coming' } as const;
const missing = { state: 'missing', why: 'Python 3 is not here.' } as const;

test.each([
  ['off', true, there, 'off, by SPEECH_TO_TEXT'],
  ['service', false, there, 'off: nothing is recorded'],
  ['service', true, coming, 'on, by the service at SPEECH_URL'],
  ['local', true, there, 'on, by a local engine (English alone)'],
  ['local', true, coming, 'wait for a local engine (English alone), which is on its way'],
  ['local', true, missing, 'off: Python 3 is not here.'],
  ['local', false, missing, 'off: nothing is recorded'],
] as const)('the start says of %s, recording %s: %o: %s', (engine, isRecording, arrival, words) => {
  expect(transcriptWords({ engine, isRecording, arrival })).toBe(words);
});
