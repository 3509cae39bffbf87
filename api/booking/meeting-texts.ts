import type { SessionRow } from '../../db/sessions.ts';
import type { ApiDeps } from '../context.ts';
import { detailsRef } from '../sessions/compose-booking.ts';

/** What people have typed about a meeting. */
export interface MeetingTexts {
  readonly title: string;
  readonly description: string | null;
}

/** The title of a meeting that nobody has given one, and of every meeting for those outside it. */
export const NO_TITLE = 'Appointment';

const NO_TEXTS: MeetingTexts = { title: NO_TITLE, description: null };

type Details = Readonly<Record<string, unknown>>;

/**
 * The texts of meetings as one person may read them, in the same order. They are for a meeting's
 * client and therapist, not for those who run the clinic.
 */
export async function readTexts(
  { cipher, knex }: ApiDeps,
  personId: string,
  sessions: readonly SessionRow[],
): Promise<MeetingTexts[]> {
  const readable = sessions.filter((session) => isOneOf(personId, session));
  const fields = readable.flatMap(({ id, details }) =>
    details === null ? [] : [{ ref: detailsRef(id), sealed: details }],
  );
  const opened = await cipher.openFields(knex, fields);
  const texts = new Map(
    fields.map(({ ref }, index) => [ref.objectId, textsOf(JSON.parse(opened[index]!) as Details)]),
  );
  return sessions.map(({ id }) => texts.get(id) ?? NO_TEXTS);
}

function isOneOf(personId: string, session: SessionRow): boolean {
  return session.client_id === personId || session.therapist_id === personId;
}

/** A session that was booked at another door is described by the reason that its client gave. */
function textsOf(details: Details): MeetingTexts {
  return {
    title: textIn(details, 'title') ?? NO_TITLE,
    description: textIn(details, 'description' in details ? 'description' : 'reason_for_session'),
  };
}

function textIn(details: Details, name: string): string | null {
  const value = details[name];
  return typeof value === 'string' && value !== '' ? value : null;
}
