import type { HandlerMap } from '../../http/handler.ts';
import { getScreeningAggregate } from './aggregate.ts';
import { createQuestionnaire, getQuestionnaire } from './questionnaires.ts';
import {
  completeResponseSession,
  startResponseSession,
  submitResponseAnswer,
} from './responses.ts';
import { getLatestResult, listUserResults } from './results.ts';
import { reviewResult } from './review.ts';

export const supportScreeningHandlers = {
  createQuestionnaire,
  getQuestionnaire,
  startResponseSession,
  submitResponseAnswer,
  completeResponseSession,
  getLatestResult,
  listUserResults,
  getScreeningAggregate,
  reviewResult,
} satisfies Partial<HandlerMap>;
