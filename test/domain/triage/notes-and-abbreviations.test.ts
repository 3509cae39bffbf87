import { describe, expect, test } from '@jest/globals';
import { detect } from '../../../domain/triage/detect.ts';
import {
  ABBREVIATED_CRIES,
  HARMLESS_NOTES,
  HUSHES,
  NOTE_CRIES,
} from './notes-and-abbreviations.ts';

describe.each([
  ['a last note', 'plan_or_means', NOTE_CRIES, HARMLESS_NOTES],
  ['self-harm in two letters', 'self_harm', ABBREVIATED_CRIES, HUSHES],
] as const)('%s', (_, category, cries, harmless) => {
  test.each(cries)('is heard: %s', (text) => {
    const found = detect(text);
    expect(['high', 'critical']).toContain(found.severity);
    expect(found.category).toBe(category);
  });

  test.each(harmless)('is none: %s', (text) => {
    expect(detect(text).severity).toBe('none');
  });
});
