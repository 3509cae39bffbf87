import type { HostedView } from '../../db/hosted-sessions.ts';
import {
  insertNote,
  latestNote,
  listNotes,
  nextNoteVersion,
  signLatest,
} from '../../db/session-notes.ts';
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
  const version = await write(call, session, notes, signOff);
  const latest = await latestNote(call.deps.knex, session.id);
  return {
    status: 200,
    body: {
      id: session.id,
      notes: notes ?? (latest === null ? '' : await textOf(call, latest)),
      notesVersion: version,
      notesSignedAt: latest?.signedAt?.toISOString() ?? null,
    },
  };
}

async function write(
  call: Call,
  { id: sessionId, client_id: subjectId }: HostedView,
  notes: string | undefined,
  signOff: boolean,
): Promise<number> {
  const { deps, principal, requestId } = call;
  const context = auditContext(principal, requestId);
  const signedAt = signOff ? new Date() : null;
  return inTransaction(deps.knex, context, async (trx, audit) => {
    const target = { objectType: 'session_note', objectId: sessionId, subjectId };
    if (notes === undefined) {
      const signed = await signLatest(trx, sessionId, new Date());
      if (signed === null)
        throw new HoldfastError('wrong_state', 'There are no notes to sign off.');
      audit({ action: 'session_note.sign', ...target, changes: { version: signed } });
      return signed;
    }
    const version = await nextNoteVersion(trx, sessionId);
    const body = await deps.cipher.sealField(trx, noteRef(sessionId, version), notes);
    await insertNote(trx, { sessionId, version, authorId: principal.personId, body, signedAt });
    const changes = { version, isSigned: signOff };
    audit({ action: 'session_note.write', ...target, changes });
    return version;
  });
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
