import type { SupportSession } from '../../../db/support-sessions.ts';
import { iso, severityOf } from '../dialect.ts';
import { acceptingHelperInB, helperInB, knownHelperInB, patientInB } from './people.ts';
import type { SupportFaces } from './people.ts';
import type { SupportTexts } from './texts.ts';
import { statusInA, statusInB } from './words.ts';

/** A session, what it says, and as whom its people show. */
export interface ShownSession {
  readonly session: SupportSession;
  readonly texts: SupportTexts;
  readonly faces: SupportFaces;
}

type Shape = Readonly<Record<string, unknown>>;

/** Whole seconds from acceptance to the end, or to now; null before it began. */
export function durationSeconds(session: SupportSession, nowMs: number): number | null {
  const { acceptedAt, endedAt } = session;
  if (acceptedAt === null) return null;
  return Math.max(0, Math.floor(((endedAt?.getTime() ?? nowMs) - acceptedAt.getTime()) / 1000));
}

/** What may be there or not: version A leaves it out rather than to say null. */
function given(values: Shape): Shape {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

/** What a session is about, for those who take part in it. */
function aboutIn({ summary, description }: SupportTexts): string | null {
  return summary ?? description;
}

const SUMMARY_WAITS = 'Handed over by the companion, with a summary for whoever accepts';

/** As much of it as all who might accept it read: a summary is for the one who does. */
function previewIn({ summary, description }: SupportTexts): string | null {
  return description ?? (summary === null ? null : SUMMARY_WAITS);
}

export function createdInA({ session, texts, faces }: ShownSession, waitSeconds: number): Shape {
  return {
    id: session.id,
    type: session.type,
    ...given({ title: texts.title, description: aboutIn(texts) }),
    status: statusInA(session),
    urgencyLevel: session.severity,
    patientId: faces.patient.id,
    tags: texts.tags,
    createdAt: iso(session.createdAt),
    estimatedWaitTime: waitSeconds,
  };
}

/** What version B's sessions show alike, but for those in a list. */
function commonInB({ session, texts }: ShownSession): Shape {
  return {
    _id: session.id,
    helperType: session.helperType,
    status: statusInB(session),
    severity: severityOf(session.severity),
    title: texts.title,
    description: aboutIn(texts),
    createdAt: iso(session.createdAt),
  };
}

export function createdInB(shown: ShownSession): Shape {
  const { session, faces } = shown;
  return {
    ...commonInB(shown),
    patientId: faces.patient.id,
    helperId: session.helperId,
    startedAt: iso(session.acceptedAt),
  };
}

export function waitingInA({ session, texts }: ShownSession, waitedSeconds: number): Shape {
  return {
    id: session.id,
    type: session.type,
    ...given({ title: texts.title }),
    urgencyLevel: session.severity,
    tags: texts.tags,
    waitTime: waitedSeconds,
    createdAt: iso(session.createdAt),
  };
}

export function waitingInB(shown: ShownSession, waitedSeconds: number): Shape {
  return {
    ...commonInB(shown),
    description: previewIn(shown.texts),
    patientId: patientInB(shown.faces.patient),
    waitingMinutes: Math.floor(waitedSeconds / 60),
  };
}

export function acceptedInA({ session }: ShownSession): Shape {
  return {
    id: session.id,
    status: statusInA(session),
    helperId: session.helperId,
    acceptedAt: iso(session.acceptedAt),
  };
}

export function acceptedInB(shown: ShownSession): Shape {
  const { session, faces } = shown;
  return {
    ...commonInB(shown),
    patientId: patientInB(faces.patient),
    helperId: acceptingHelperInB(faces.helper),
    startedAt: iso(session.acceptedAt),
  };
}

/** A session in the list of one's own. */
export function listedInA({ session, texts }: ShownSession, nowMs: number): Shape {
  return {
    id: session.id,
    type: session.type,
    ...given({ title: texts.title }),
    status: statusInA(session),
    ...given({ duration: durationSeconds(session, nowMs), rating: session.rating }),
    createdAt: iso(session.createdAt),
    ...given({ completedAt: iso(session.endedAt) }),
  };
}

export function listedInB({ session, texts, faces }: ShownSession, nowMs: number): Shape {
  return {
    _id: session.id,
    patientId: patientInB(faces.patient),
    helperId: helperInB(faces.helper),
    status: statusInB(session),
    severity: severityOf(session.severity),
    helperType: session.helperType,
    description: aboutIn(texts),
    createdAt: iso(session.createdAt),
    startedAt: iso(session.acceptedAt),
    lastActivity: iso(session.lastActivityAt),
    messageCount: session.messageCount,
    duration: durationSeconds(session, nowMs) ?? 0,
    tags: texts.tags,
  };
}

/** Version A's session schema, whole. */
export function wholeInA({ session, texts, faces }: ShownSession, nowMs: number): Shape {
  return {
    id: session.id,
    type: session.type,
    ...given({ title: texts.title, description: aboutIn(texts) }),
    status: statusInA(session),
    urgencyLevel: session.severity,
    patientId: faces.patient.id,
    ...given({ helperId: session.helperId }),
    tags: texts.tags,
    ...given({
      duration: durationSeconds(session, nowMs),
      rating: session.rating,
      feedback: texts.feedback,
    }),
    createdAt: iso(session.createdAt),
    ...given({ startedAt: iso(session.acceptedAt), completedAt: iso(session.endedAt) }),
  };
}

/** What stands beside version B's session in one session's answer. */
export interface SessionContext {
  readonly crisisFlags: readonly unknown[];
  readonly escalationHistory: readonly unknown[];
  readonly resources: readonly unknown[];
  /** Helpers' notes are helpers' alone. */
  readonly showsNotes: boolean;
}

export function wholeInB(shown: ShownSession, context: SessionContext, nowMs: number): Shape {
  const { session, texts, faces } = shown;
  const { showsNotes, ...lists } = context;
  return {
    ...commonInB(shown),
    patientId: patientInB(faces.patient),
    helperId: knownHelperInB(faces.helper),
    isAnonymous: session.isAnonymous,
    startedAt: iso(session.acceptedAt),
    endedAt: iso(session.endedAt),
    duration: durationSeconds(session, nowMs) ?? 0,
    messageCount: session.messageCount,
    lastActivity: iso(session.lastActivityAt),
    rating: session.rating,
    feedback: texts.feedback,
    sessionNotes: showsNotes ? texts.notes : null,
    tags: texts.tags,
    ...lists,
  };
}

/** What version B tells of a session that was changed or ended. */
export function changedInB({ session, texts }: ShownSession, nowMs: number): Shape {
  return {
    _id: session.id,
    status: statusInB(session),
    rating: session.rating,
    feedback: texts.feedback,
    endedAt: iso(session.endedAt),
    duration: durationSeconds(session, nowMs) ?? 0,
  };
}
