import type { HostedView } from '../../db/hosted-sessions.ts';
import { insertNote, listNotes, nextNoteVersion, signLatest } from '../../db/session-notes.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { noteRef, recordNotesRead, textOf, textsOf } from './note-texts.ts';
import { openHosted } from './open-hosted.ts';

interface NotesBody {
  readonly notes?: string;
  readonly signOff?: boolean;
}

/**
 * PATCH /teletherapy/sessions/{id}/notes: each one is a new version. What is signed off stays as it
 * is; what is written after it is an addition of its own.
 */
export async function updateSessionNotes(call: Call<NotesBody>): Promise<Answer> {
  const session = await openHosted(call, 'host');
  const { notes, signOff = false } = call.body;
  if (notes === undefined && !signOff) {
    throw new HoldfastError('malformed_request', 'notes is required', {
      fields: [{ field: 'notes', message: 'is required' }],
    });
  }
  const { text, version, signedAt } =
    notes === undefined
      ? await signOffLatest(call, session)
      : await writeVersion(call, session, notes, signOff);
  return {
    status: 200,
    body: {
      id: session.id,
      notes: text,
      notesVersion: version,
      notesSignedAt: signedAt?.toISOString() ?? null,
    },
  };
}

/** One version as it stood when the change was committed. */
interface Changed {
  readonly text: string;
  readonly version: number;
  readonly signedAt: Date | null;
}

async function writeVersion(
  { deps, principal, requestId }: Call,
  { id: sessionId, client_id: subjectId }: HostedView,
  text: string,
  isSigned: boolean,
): Promise<Changed> {
  const context = auditContext(principal, requestId);
  const signedAt = isSigned ? new Date() : null;
  return inTransaction(deps.knex, context, async (trx, audit) => {
    const version = await nextNoteVersion(trx, sessionId);
    const body = await deps.cipher.sealField(trx, noteRef(sessionId, version), text);
    await insertNote(trx, { sessionId, version, authorId: principal.personId, body, signedAt });
    const target = { objectType: 'session_note', objectId: sessionId, subjectId };
    audit({ action: 'session_note.write', ...target, changes: { version, isSigned } });
    return { text, version, signedAt };
  });
}

/** What is signed is shown as well, which is a read as any other. */
async function signOffLatest(call: Call, session: HostedView): Promise<Changed> {
  const { deps, principal, requestId } = call;
  const context = auditContext(principal, requestId);
  const note = await inTransaction(deps.knex, context, async (trx, audit) => {
    const signed = await signLatest(trx, session.id, new Date());
    if (signed === null) throw new HoldfastError('wrong_state', 'There are no notes to sign off.');
    const subjectId = session.client_id;
    const target = { objectType: 'session_note', objectId: session.id, subjectId };
    audit({ action: 'session_note.sign', ...target, changes: { version: signed.version } });
    return signed;
  });
  await recordNotesRead(call, session, 1);
  return { text: await textOf(call, note), version: note.version, signedAt: note.signedAt };
}

/** GET /teletherapy/sessions/{id}/notes: every version, the first first. */
export async function listSessionNotes(call: Call): Promise<Answer> {
  const session = await openHosted(call, 'host');
  const versions = await listNotes(call.deps.knex, session.id);
  await recordNotesRead(call, session, versions.length);
  const texts = await textsOf(call, versions);
  return {
    status: 200,
    body: {
      id: session.id,
      versions: versions.map(({ version, authorId, writtenAt, signedAt }, index) => ({
        version,
        notes: texts[index],
        authorId,
        writtenAt: writtenAt.toISOString(),
        signedAt: signedAt?.toISOString() ?? null,
      })),
    },
  };
}
