import type { HandlerMap } from '../../http/handler.ts';
import { createQuestionnaire, getQuestionnaire } from './questionnaires.ts';
import {
  completeResponseSession,
  startResponseSession,
  submitResponseAnswer,
} from './responses.ts';
import { getLatestResult, listUserResults } from './results.ts';

export const supportScreeningHandlers = {
  createQuestionnaire,
  getQuestionnaire,
  startResponseSession,
  submitResponseAnswer,
  completeResponseSession,
  getLatestResult,
  listUserResults,
} satisfies Partial<HandlerMap>;
