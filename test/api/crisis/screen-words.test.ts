import { describe, expect, test } from '@jest/globals';
import { screenWords } from '../../../api/crisis/screen-words.ts';
import { type Detect, detect } from '../../../domain/triage/detect.ts';

describe('what is screened', () => {
  test('raises an alert from medium on, by what is gravest', () => {
    expect(screenWords('good morning')).toMatchObject({ severity: null, type: null, flags: [] });
    expect(screenWords('I feel worthless')).toMatchObject({ severity: null, flags: [] });
    expect(screenWords('I want to die')).toMatchObject({
      severity: 'high',
      type: 'suicidal_ideation',
      flags: ['suicidal_ideation'],
    });
    const both = screenWords('my cuts on my arm bleed. I am going to kill myself tonight');
    expect(both).toMatchObject({ severity: 'critical', type: 'plan_or_means' });
    expect(both.flags).toContain('self_harm');
  });

  test('may be several texts, or a body that nothing has checked', () => {
    expect(screenWords(['Exams', null, 'I want to kill myself']).severity).toBe('high');
    const body = { sessionId: 7, content: { text: ['x', { y: 'I want to kill myself' }] } };
    expect(screenWords(body).severity).toBe('high');
    for (const nothing of [undefined, null, 7, {}, [], '']) {
      expect(screenWords(nothing).severity).toBeNull();
    }
  });

  test.each([
    { message: 'I want to die', context: { userMood: 'exhaustion' } },
    { message: 'I want to die', context: { userMood: 'shame' } },
    { initialMessage: 'I wish I was dead', context: { currentMood: 'tired' } },
    { message: 'I keep thinking about suicide', context: { previousTopics: ['exam_stress'] } },
    { title: 'essay', description: 'suicide is all I think about' },
    { message: 'I want to', context: { userMood: 'die' } },
    ['suicide', 'course'],
  ])('is read field by field, and across the fields: %j', (body) => {
    expect(screenWords(body).severity).not.toBeNull();
  });

  test.each([
    [['Essay', 'I discuss abuse'], null],
    [['not', 'suicidal'], 'medium'],
    [{ message: 'I died laughing', context: { userMood: 'tired' } }, null],
    [{ title: 'Suicide prevention', description: 'A workshop for teachers' }, null],
  ])('is no graver for its fields: %j', (body, severity) => {
    expect(screenWords(body).severity).toBe(severity);
  });

  test('is read once where it is one text, and never more than twice', () => {
    const read = (body: unknown): number => {
      let times = 0;
      const detector: Detect = (text, context) => {
        times += 1;
        return detect(text, context);
      };
      screenWords(body, { detector });
      return times;
    };
    expect(read('good morning')).toBe(1);
    expect(read({ message: 'good morning', more: [' ', 7, null] })).toBe(1);
    expect(read(['good', 'morning', 'to', 'you'])).toBe(2);
  });

  test('is not what an id happens to spell', () => {
    const sessionId = 'd1e0d1e0-0d00-41ed-8d1e-0d00d1e0d1e0';
    const fileId = 'b7a4bfa1-489f-4a2f-a36d-7fec3483d9c7';
    expect(
      screenWords({ sessionId, message: 'hello', url: `/files/${fileId}` }).severity,
    ).toBeNull();
    expect(screenWords({ sessionId, message: `I want to ${fileId} die` }).severity).toBe('high');
  });

  test('is read with what the sender wrote before', () => {
    expect(screenWords('myself', { previous: ['I want to', 'kill'] }).severity).toBe('high');
  });

  test('calls a human for what is too long to be read whole', () => {
    const found = screenWords('lovely weather today. '.repeat(20_000));
    expect(found).toMatchObject({
      severity: 'medium',
      type: 'unread_text',
      flags: ['unread_text'],
    });
  });
});

describe('a detector that fails', () => {
  const failure = { severity: 'high', type: 'detector_failure', flags: ['detector_failure'] };

  test('by throwing calls a human', () => {
    const detector = (): never => {
      throw new Error('broken');
    };
    expect(screenWords('hello', { detector })).toMatchObject(failure);
  });

  test('by taking too long calls a human', () => {
    let now = 0;
    const nowMs = (): number => (now += 600);
    const slow = screenWords('want want to '.repeat(2_000), { nowMs });
    expect(slow).toMatchObject(failure);
    expect(slow.finding).toMatchObject({ failed: true, reason: 'time_limit' });
    expect(screenWords('want want to '.repeat(2_000)).finding.failed).toBe(false);
  });

  test('by a value that is hostile to read calls a human or reads it', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(5_000)}"myself"${']'.repeat(5_000)}`);
    expect(screenWords(['I want to kill', deep]).severity).toBe('high');
    const trap = {
      get text(): string {
        throw new Error('trap');
      },
    };
    expect(screenWords(trap)).toMatchObject(failure);
  });
});
