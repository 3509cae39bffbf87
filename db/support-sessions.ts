import type { Knex } from 'knex';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import { isUuid } from '../domain/ids.ts';
import type {
  SupportHelperType,
  SupportParticipantRole,
  SupportState,
  SupportType,
} from '../domain/support-session.ts';

export interface SupportParticipant {
  readonly personId: string;
  readonly role: SupportParticipantRole;
  readonly joinedAt: Date;
  /** Null for as long as they take part. */
  readonly leftAt: Date | null;
}

/** A live support session as it stands, with everybody who takes or took part. */
export interface SupportSession {
  readonly id: string;
  readonly clinicId: string;
  readonly patientId: string;
  readonly helperId: string | null;
  readonly type: SupportType;
  readonly helperType: SupportHelperType;
  readonly severity: AlertSeverity;
  readonly status: SupportState;
  /** A graver or other helper is asked for than at first. */
  readonly isEscalated: boolean;
  /** Several members of a group share it, and it has no timers. */
  readonly isChatRoom: boolean;
  /** Helpers know the patient by an alias only. */
  readonly isAnonymous: boolean;
  /** Sealed under the conversation's key, as `notes` and `feedback` are. */
  readonly details: Buffer | null;
  readonly notes: Buffer | null;
  readonly feedback: Buffer | null;
  readonly rating: number | null;
  /** What the helper said at the end, sealed, and gave. */
  readonly helperFeedback: Buffer | null;
  readonly helperRating: number | null;
  /** The number of the last message. */
  readonly messageCount: number;
  readonly declinesCount: number;
  readonly version: number;
  readonly createdAt: Date;
  /** When it began to wait, the last time. */
  readonly waitingSince: Date;
  /** It waits again because its helper has gone. */
  readonly isReturned: boolean;
  /** When it was escalated, the last time. */
  readonly escalatedAt: Date | null;
  readonly acceptedAt: Date | null;
  readonly lastActivityAt: Date;
  readonly endedAt: Date | null;
  readonly endReason: string | null;
  /** An alert that came from this session is open. */
  readonly hasOpenAlert: boolean;
  readonly participants: readonly SupportParticipant[];
}

type ParticipantJson = Omit<SupportParticipant, 'joinedAt' | 'leftAt'> & {
  readonly joinedAt: string;
  readonly leftAt: string | null;
};

export type SupportSessionRow = Omit<SupportSession, 'participants'> & {
  readonly participants: readonly ParticipantJson[];
};

/** The columns of {@link SupportSessionRow}, of `support_sessions AS session`. */
export const SUPPORT_COLUMNS = `session.id, session.clinic_id AS "clinicId",
  session.patient_id AS "patientId", session.helper_id AS "helperId", session.type,
  session.helper_type AS "helperType", session.severity, session.status,
  session.is_escalated AS "isEscalated", session.is_chat_room AS "isChatRoom",
  session.is_anonymous AS "isAnonymous",
  session.details, session.notes, session.feedback, session.rating,
  session.message_count AS "messageCount", session.declines_count AS "declinesCount",
  session.helper_feedback AS "helperFeedback", session.helper_rating AS "helperRating",
  session.version, session.created_at AS "createdAt", session.waiting_since AS "waitingSince",
  session.is_returned AS "isReturned", session.escalated_at AS "escalatedAt", session.accepted_at AS "acceptedAt",
  session.last_activity_at AS "lastActivityAt", session.ended_at AS "endedAt",
  session.end_reason AS "endReason",
  EXISTS (
    SELECT FROM crisis_alerts AS alert
    WHERE alert.person_id = session.patient_id AND alert.status <> 'resolved'
      AND NOT alert.is_drill
      AND (alert.session_id = session.id OR EXISTS (
        SELECT FROM crisis_triggers AS cause
        WHERE cause.alert_id = alert.id AND cause.session_id = session.id))
  ) AS "hasOpenAlert",
  (SELECT coalesce(json_agg(json_build_object('personId', person_id, 'role', role,
      'joinedAt', joined_at, 'leftAt', left_at) ORDER BY joined_at, person_id), '[]')
    FROM support_participants WHERE session_id = session.id) AS participants`;

export function supportSessionFrom(row: SupportSessionRow): SupportSession {
  const participants = row.participants.map(({ joinedAt, leftAt, ...participant }) => ({
    ...participant,
    joinedAt: new Date(joinedAt),
    leftAt: leftAt === null ? null : new Date(leftAt),
  }));
  return { ...row, participants };
}

/** The session with its participants, in one query; null for no such session and for no id at all. */
export async function findSupportSession(db: Knex, id: string): Promise<SupportSession | null> {
  if (!isUuid(id)) return null;
  const { rows } = await db.raw<{ rows: SupportSessionRow[] }>(
    `SELECT ${SUPPORT_COLUMNS} FROM support_sessions AS session WHERE session.id = ?`,
    [id],
  );
  return rows[0] === undefined ? null : supportSessionFrom(rows[0]);
}

/** Whether somebody takes part now, as the patient, the helper or one who joined. */
export function takesPart({ participants }: SupportSession, personId: string): boolean {
  return participants.some((one) => one.personId === personId && one.leftAt === null);
}
