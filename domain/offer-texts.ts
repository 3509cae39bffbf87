import { formatForHuman } from './time-text.ts';

export type OfferNotice = 'vacancy_offered' | 'absence_offered' | 'stands_again';

export interface OfferTextInput {
  readonly notice: OfferNotice;
  /** When the session that it is about starts, epoch ms. */
  readonly startsAt: number;
  /** Until when an answer is waited for; null where none is. */
  readonly dueAt: number | null;
  /** The recipient's own zone and language. */
  readonly zone: string;
  readonly locale: string;
  readonly link: string;
}

export interface OfferText {
  readonly subject: string;
  readonly sms: string;
  readonly email: string;
}

/** What an offer says: times and a link. It names no therapist and no reason. */
export function offerText(input: OfferTextInput): OfferText {
  const words = /^es\b/i.test(input.locale) ? SPANISH : ENGLISH;
  const locale = words === ENGLISH && !/^en\b/i.test(input.locale) ? 'en-US' : input.locale;
  const at = (ms: number): string => formatForHuman(ms, locale, input.zone);
  const { subject, line } = words.notices[input.notice];
  const lines = [line(at(input.startsAt))];
  if (input.dueAt !== null) lines.push(words.answerBy(at(input.dueAt)));
  return {
    subject,
    sms: `${lines.join(' ')} ${input.link} ${words.stop}`,
    email: `${lines.join('\n')}\n\n${input.link}\n`,
  };
}

interface Words {
  readonly notices: Readonly<
    Record<OfferNotice, { readonly subject: string; readonly line: (time: string) => string }>
  >;
  readonly answerBy: (time: string) => string;
  readonly stop: string;
}

const ENGLISH: Words = {
  notices: {
    vacancy_offered: {
      subject: 'A time has become free',
      line: (time) => `A time that you wait for has become free: ${time}.`,
    },
    absence_offered: {
      subject: 'Your appointment has to change',
      line: (time) => `Your appointment on ${time} cannot take place. Please choose another.`,
    },
    stands_again: {
      subject: 'Your appointment takes place after all',
      line: (time) => `Your appointment on ${time} takes place as planned.`,
    },
  },
  answerBy: (time) => `Please answer by ${time}.`,
  stop: 'Reply STOP to opt out.',
};

const SPANISH: Words = {
  notices: {
    vacancy_offered: {
      subject: 'Ha quedado libre una hora',
      line: (time) => `Ha quedado libre una hora que espera: ${time}.`,
    },
    absence_offered: {
      subject: 'Su cita tiene que cambiar',
      line: (time) => `Su cita del ${time} no puede celebrarse. Elija otra, por favor.`,
    },
    stands_again: {
      subject: 'Su cita se mantiene',
      line: (time) => `Su cita del ${time} se mantiene como estaba.`,
    },
  },
  answerBy: (time) => `Responda antes del ${time}, por favor.`,
  stop: 'Responda STOP para no recibir más mensajes.',
};
