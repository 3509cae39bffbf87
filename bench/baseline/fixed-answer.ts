import type { Answer } from '../../api/http/handler.ts';
import { inBothShapes } from '../../api/support/dialect.ts';
import { serveWith } from './serve.ts';

const TEXT =
  'That is a lot at once. One thing at a time is enough.\n\nShall we try problem solving?';
const SUGGESTIONS = ['Yes, please', 'Solve a problem step by step', 'Something else'];
const ID = '019ab000-0000-7000-8000-000000000000';

/** An answer as the companion gives it, thought of before. */
const RESPONSE = {
  text: TEXT,
  type: 'supportive-response',
  intent: 'stress-support',
  suggestions: SUGGESTIONS,
  escalationNeeded: false,
  resources: [],
  followUpQuestions: ['Which of it is most urgent?', 'What could wait until tomorrow?'],
};
const FIXED: Answer = inBothShapes(200, {
  a: {
    response: { text: TEXT, suggestions: SUGGESTIONS, mood: 'supportive', confidence: 0.9 },
    sessionId: ID,
    conversationId: ID,
  },
  b: {
    response: RESPONSE,
    metadata: {
      confidence: 0.9,
      intent: 'stress-support',
      sentiment: 'negative',
      mood: 'overwhelmed',
      crisisDetected: false,
      riskLevel: 'low',
      responseTime: 0.001,
      model: 'guided',
      conversationId: ID,
    },
    analytics: {
      userEngagement: 'medium',
      topicProgression: 'appropriate',
      supportLevel: 'peer-appropriate',
    },
  },
});

/** The product's own HTTP stack with one fixed answer to every turn. */
const answerSo = (): Promise<Answer> => Promise.resolve(FIXED);
await serveWith('fixed-answer', { continueWithCompanion: answerSo });
