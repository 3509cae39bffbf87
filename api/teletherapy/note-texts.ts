import type { FieldRef } from '../../crypto/field-cipher.ts';
import { auditRead } from '../../db/audit/record.ts';
import type { HostedView } from '../../db/hosted-sessions.ts';
import type { SessionNote } from '../../db/models/session-note.ts';
import { latestNote } from '../../db/session-notes.ts';
import { auditContext } from '../access/audit-context.ts';
import { relationTo, verdictOn } from '../access/session-access.ts';
import type { Call } from '../http/handler.ts';

/** Where one version of a session's notes lives: under the key of its notes. */
export function noteRef(sessionId: string, version: number): FieldRef {
  return { purpose: 'session_note', objectId: sessionId, column: 'body', rowId: String(version) };
}

/** The latest notes, for whoever may read them; nothing for everybody else. */
export async function readNotesShown(
  call: Call,
  session: HostedView,
): Promise<Record<string, unknown>> {
  if (verdictOn('host', relationTo(call.principal, session)) !== 'allowed') return {};
  const latest = await latestNote(call.deps.knex, session.id);
  if (latest === null) return { notes: null };
  await recordNotesRead(call, session, 1);
  return {
    notes: await textOf(call, latest),
    notesVersion: latest.version,
    notesSignedAt: latest.signedAt?.toISOString() ?? null,
  };
}

/** Reading them is put on record with whose they are. */
export async function recordNotesRead(
  call: Call,
  session: HostedView,
  shown: number,
): Promise<void> {
  await auditRead(call.deps.knex, auditContext(call.principal, call.requestId), {
    action: 'session_note.read',
    objectType: 'session_note',
    objectId: session.id,
    subjectId: session.client_id,
    changes: { shown },
  });
}

type Sealed = Pick<SessionNote, 'sessionId' | 'version' | 'body'>;

export async function textOf(call: Call, note: Sealed): Promise<string> {
  const [text] = await textsOf(call, [note]);
  return text!;
}

export function textsOf({ deps }: Call, notes: readonly Sealed[]): Promise<string[]> {
  return deps.cipher.openFields(
    deps.knex,
    notes.map(({ sessionId, version, body }) => ({
      ref: noteRef(sessionId, version),
      sealed: body,
    })),
  );
}
