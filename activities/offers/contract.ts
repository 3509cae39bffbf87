import type { ErrorCode } from '../../domain/errors.ts';

/** What the workflow of a free time asks of the world outside. Every activity may run twice. */
export interface OfferActivities {
  /** Offers the time to who is next, or says how it ended. */
  offerNext(input: { vacancyId: string }): Promise<NextOffer>;
  acceptOffer(input: { offerId: string }): Promise<Answered>;
  endOffer(input: EndOffer): Promise<{ state: OfferEnd }>;
  startBooked(input: { sessionId: string }): Promise<void>;
  tellOffer(input: TellInput): Promise<void>;
}

export type OfferEnd = 'accepted' | 'declined' | 'lapsed' | 'withdrawn' | 'skipped';

export type NextOffer =
  | {
      readonly kind: 'offered';
      readonly offerId: string;
      readonly sessionId: string;
      readonly dueAt: number;
      readonly startsAt: number;
    }
  | { readonly kind: 'over'; readonly state: 'filled' | 'free' | 'gone' };

export interface EndOffer {
  readonly offerId: string;
  readonly state: 'declined' | 'lapsed' | 'withdrawn';
}

export type Answered =
  | { readonly kind: 'ended'; readonly state: OfferEnd }
  | { readonly kind: 'refused'; readonly code: ErrorCode };

export interface TellInput {
  readonly offerId: string;
  readonly notice: 'offered' | 'stands_again';
}

/** What a session needs whose therapist is away. */
export interface AbsenceActivities {
  openAbsence(input: { offerId: string }): Promise<AbsenceOpening>;
  moveForAbsence(input: { offerId: string; choiceId: string }): Promise<Answered>;
  /** Calls the session off with all its money, unless it is none of the absence's any more. */
  cancelForAbsence(input: CancelForAbsence): Promise<Answered>;
  withdrawAbsence(input: { offerId: string }): Promise<{ state: OfferEnd }>;
}

export type AbsenceOpening =
  | { readonly kind: 'open'; readonly dueAt: number; readonly startsAt: number }
  | { readonly kind: 'over'; readonly state: OfferEnd };

export interface CancelForAbsence {
  readonly offerId: string;
  readonly state: 'accepted' | 'declined' | 'lapsed';
}
