import { findSupportSession } from '../../db/support-sessions.ts';
import type { SupportSession } from '../../db/support-sessions.ts';
import { memberAlias, patientAlias } from '../../domain/support-session.ts';
import type { Live } from './live.ts';

/** The id by which `readerId` knows somebody of the session. */
export type NameId = <Id extends string | null>(personId: Id) => string | Id;

export interface Audience {
  readonly session: SupportSession;
  /** Tells all who take part, at this process, each by what they may know. */
  tell(event: string, shownTo: (nameId: NameId) => Readonly<Record<string, unknown>>): void;
}

/** Who takes part in a session now; whoever does no more is let out of its room. */
export async function audienceOf(
  { chats, deps, io }: Live,
  sessionId: string,
): Promise<Audience | null> {
  const session = await findSupportSession(deps.knex, sessionId);
  if (session === null) return null;
  const { patientId, isAnonymous, isChatRoom, participants } = session;
  const people = new Set(
    participants.flatMap(({ personId, leftAt }) => (leftAt === null ? [personId] : [])),
  );
  chats.keepOnly(sessionId, people);
  return {
    session,
    tell: (event, shownTo) => {
      for (const reader of people) {
        const isHidden = isAnonymous && reader !== patientId;
        const nameId: NameId = (personId) => {
          if (isChatRoom && personId !== null && personId !== reader) {
            return memberAlias(sessionId, personId).id;
          }
          return isHidden && personId === patientId ? patientAlias(sessionId).id : personId;
        };
        io.local.to(`person:${reader}`).emit(event, shownTo(nameId));
      }
    },
  };
}
