import { describe, expect, test } from '@jest/globals';
import { safeDetect } from '../../../domain/triage/detect.ts';
import { SEVERITIES } from '../../../domain/triage/types.ts';
import type { ReaderGroup } from './reader-group.ts';
import { READER_GROUPS } from './second-reader.ts';
import { THIRD_READER } from './third-reader.ts';

interface Reader {
  readonly groups: readonly ReaderGroup[];
  /** What the detector does today: a change may lower these, not raise them. */
  readonly implicitMissesAtMost: number;
  readonly alarmsAtMost: number;
  /** Harmless texts noted as `low`, for which nobody is called. */
  readonly notesAtMost: number;
}

const READERS: Readonly<Record<string, Reader>> = {
  'a second reader': {
    groups: READER_GROUPS,
    implicitMissesAtMost: 0,
    alarmsAtMost: 0,
    notesAtMost: 0,
  },
  'a third reader': {
    groups: THIRD_READER,
    implicitMissesAtMost: 0,
    alarmsAtMost: 0,
    notesAtMost: 1,
  },
};
const CALLS_FROM = SEVERITIES.indexOf('medium');

function rankOf(text: string): number {
  const found = safeDetect(text);
  expect(found.failed).toBe(false);
  return found.severity === 'none' ? -1 : SEVERITIES.indexOf(found.severity);
}

function print(title: string, texts: readonly string[]): void {
  process.stdout.write(`${title}: ${texts.length}\n${texts.map((text) => `  ${text}\n`).join('')}`);
}

describe.each(Object.entries(READERS))('the table of %s', (_, reader) => {
  function textsOf(isWanted: (group: ReaderGroup) => boolean): string[] {
    return reader.groups.filter(isWanted).flatMap((group) => [...group.texts]);
  }

  test('is large enough, and names no text twice', () => {
    const texts = textsOf(() => true);
    expect(texts.length).toBeGreaterThanOrEqual(140);
    expect(new Set(texts).size).toBe(texts.length);
  });

  for (const { about, least, texts } of reader.groups) {
    if (least === undefined) continue;
    test.each(texts)(`${about}, at least ${least}: %s`, (text) => {
      expect(rankOf(text)).toBeGreaterThanOrEqual(SEVERITIES.indexOf(least));
    });
  }

  test('lists the implicit statements that are missed', () => {
    const texts = textsOf((group) => group.isAlert === 'must' && group.least === undefined);
    const missed = texts.filter((text) => rankOf(text) < 0);
    print(`Implicit statements missed, of ${texts.length}`, missed);
    expect(missed.length).toBeLessThanOrEqual(reader.implicitMissesAtMost);
  });

  test('lists the false alarms', () => {
    const texts = textsOf((group) => group.isAlert === 'must not');
    const alarms = texts.filter((text) => rankOf(text) >= CALLS_FROM);
    const notes = texts.filter((text) => rankOf(text) >= 0 && rankOf(text) < CALLS_FROM);
    print(`False alarms, of ${texts.length}`, alarms);
    print(`Harmless, but noted`, notes);
    expect(alarms.length).toBeLessThanOrEqual(reader.alarmsAtMost);
    expect(notes.length).toBeLessThanOrEqual(reader.notesAtMost);
  });

  test('lists what a human could decide both ways', () => {
    const texts = textsOf((group) => group.isAlert === 'either');
    const alarms = texts.filter((text) => rankOf(text) >= CALLS_FROM);
    print(`Ambiguous, of ${texts.length}, alerting`, alarms);
  });
});
