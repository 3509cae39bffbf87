import { defineSignal, defineUpdate } from '@temporalio/workflow';

/** The workflow types; clients start them by these names, so that they load no workflow code. */
export const OFFER_WORKFLOW = 'offerWorkflow';
export const ABSENCE_WORKFLOW = 'absenceWorkflow';

/** A time that has become free goes to waiting clients, one after another. */
export interface OfferInput {
  readonly vacancyId: string;
}

export interface OfferResult {
  /** `free`: nobody is left to be asked; `gone`: it can't be booked any more. */
  readonly kind: 'filled' | 'free' | 'gone';
}

/** A session whose therapist is away. */
export interface AbsenceInput {
  readonly offerId: string;
}

export interface AbsenceResult {
  readonly kind: 'accepted' | 'declined' | 'lapsed' | 'withdrawn' | 'skipped';
}

/** A client's answer to an offer. */
export interface AnswerRequest {
  readonly offerId: string;
  readonly personId: string;
  readonly answer: 'accept' | 'decline';
  /** Which of the choices; null where there is but one. */
  readonly choiceId: string | null;
}

export interface AnswerOutcome {
  readonly state: 'accepted' | 'declined' | 'lapsed' | 'withdrawn' | 'skipped';
}

export const answerUpdate = defineUpdate<AnswerOutcome, [AnswerRequest]>('answer');

/**
 * What was offered no longer stands. Sent by hand in Temporal UI, it takes back the offer that is
 * open there; with an `offerId`, only that one.
 */
export const withdrawSignal = defineSignal<[unknown?]>('withdraw');
