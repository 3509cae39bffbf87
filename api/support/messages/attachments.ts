import {
  attachmentsOf,
  findAttachment,
  forgetOrphans,
  insertAttachment,
  unknownFiles,
} from '../../../db/chat-attachments.ts';
import type { ChatAttachment } from '../../../db/chat-attachments.ts';
import type { FieldRef } from '../../../crypto/field-cipher.ts';
import { openFile } from '../../../crypto/sealed-stream.ts';
import { auditRead } from '../../../db/audit/record.ts';
import { findSupportSession } from '../../../db/support-sessions.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { ORPHAN_LIVES_MS, attachmentKind, cleanFilename } from '../../../domain/attachments.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { isSupportOver } from '../../../domain/support-session.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforce } from '../../access/clinic-access.ts';
import { attachmentVerdict } from '../../access/message-access.ts';
import { enforceSupport, relationToSupport, supportVerdict } from '../../access/support-access.ts';
import type { ApiDeps } from '../../context.ts';
import { screenWords } from '../../crisis/screen-words.ts';
import type { Call } from '../../http/handler.ts';
import { fileContext } from '../../http/upload.ts';
import type { UploadBody, UploadedFile } from '../../http/upload.ts';
import { raiseAlarm } from '../../crisis/alarm.ts';
import type { AttachmentWish } from './message-wish.ts';

/** What is sealed of an upload. */
interface AttachmentDetails {
  readonly filename: string;
  /** Of the file's bytes, base64. */
  readonly key: string;
}

/** An upload as a message shows it, with its own id. */
export interface AttachmentView extends AttachmentWish {
  readonly id: string;
  readonly mediaType: string;
}

type Deps = Pick<ApiDeps, 'knex' | 'cipher' | 'http'>;

const PATH = '/api/messages/attachments/';

function placeOf({ sessionId, id }: Pick<ChatAttachment, 'sessionId' | 'id'>): FieldRef {
  return { purpose: 'conversation', objectId: sessionId, column: 'attachment', rowId: id };
}

/**
 * Keeps an upload for a session that the caller takes part in. Its name, and a text's words, are read
 * by the detector first. Throws `not_found`, `forbidden`, `wrong_state`, `malformed_request`,
 * `unsupported_media_type`.
 */
export async function keepUpload(call: Call<UploadBody>): Promise<AttachmentView> {
  const { deps, principal, requestId, body } = call;
  const { file } = body;
  const sessionId = String(body['sessionId'] ?? '').toLowerCase();
  const session = await findSupportSession(deps.knex, sessionId);
  const isTheirs = supportVerdict('converse', relationToSupport(principal, session)) === 'allowed';
  const words = [file?.filename ?? '', file?.text ?? ''].join('\n');
  const screening = screenWords(words);
  const heard = { principal, screening, words, sessionId: isTheirs ? sessionId : null };
  await raiseAlarm(deps, heard, requestId);
  await enforceSupport(call, 'converse', sessionId, session);
  if (session === null) throw new HoldfastError('not_found', 'There is no such session');
  if (isSupportOver(session.status)) throw new HoldfastError('wrong_state', 'The session is over');
  const { row, filename } = await sealed(deps, principal.personId, sessionId, file);
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    await insertAttachment(trx, row);
    const about = { objectType: 'attachment', objectId: row.id, subjectId: session.patientId };
    audit({ action: 'attachment.upload', ...about, changes: { sessionId } });
  });
  file?.keep();
  return viewOf(deps, { ...row, messageId: null }, filename);
}

async function sealed(
  { cipher, knex }: Deps,
  uploaderId: string,
  sessionId: string,
  file: UploadedFile | null,
): Promise<{ readonly row: Omit<ChatAttachment, 'messageId'>; readonly filename: string }> {
  if (file === null || file.sizeBytes === 0) {
    const fields = [{ field: 'file', message: 'is missing or empty' }];
    throw new HoldfastError('malformed_request', 'file is missing or empty', { fields });
  }
  const { id, mediaType, sizeBytes } = file;
  const kind = mediaType === null ? null : attachmentKind(mediaType);
  if (mediaType === null || kind === null) {
    const message = 'Only pictures, PDF and plain text can be attached';
    throw new HoldfastError('unsupported_media_type', message);
  }
  const filename = cleanFilename(file.filename, mediaType);
  const details: AttachmentDetails = { filename, key: file.key.toString('base64') };
  const text = JSON.stringify(details);
  const sealedDetails = await cipher.sealField(knex, placeOf({ sessionId, id }), text);
  const row = { id, sessionId, uploaderId, kind, mediaType, sizeBytes, details: sealedDetails };
  return { row, filename };
}

function viewOf(
  { http }: Pick<Deps, 'http'>,
  row: ChatAttachment,
  filename: string,
): AttachmentView {
  const { id, kind, mediaType, sizeBytes } = row;
  return {
    id,
    url: `${http.publicUrl}${PATH}${id}`,
    type: kind,
    filename,
    size: sizeBytes,
    mediaType,
  };
}

export interface OpenedFile {
  readonly bytes: Buffer;
  readonly filename: string;
  readonly mediaType: string;
}

/** An attachment in clear, for those who take part. Throws `not_found` or `forbidden`. */
export async function openAttachment(call: Call): Promise<OpenedFile> {
  const { deps, principal, requestId } = call;
  const { knex, cipher, attachments } = deps;
  const id = call.params['id']!;
  const row = await findAttachment(knex, id);
  const session = row === null ? null : await findSupportSession(knex, row.sessionId);
  const target = { action: 'attachment.read', objectType: 'attachment', objectId: id };
  await enforce(call, attachmentVerdict(principal, session, row), target);
  const bytes = row === null ? null : await attachments.store.read(id);
  if (row === null || bytes === null) throw new HoldfastError('not_found', 'There is no such file');
  const text = await cipher.openField(knex, placeOf(row), row.details);
  const { key, filename } = JSON.parse(text) as AttachmentDetails;
  const clear = openFile(Buffer.from(key, 'base64'), bytes, fileContext(id));
  if (clear === null) throw new HoldfastError('internal', 'A sealed file does not open');
  const who = auditContext(principal, requestId);
  await auditRead(knex, who, { ...target, subjectId: session?.patientId ?? null });
  return { bytes: clear, filename, mediaType: row.mediaType };
}

/** What a message's attachments are: uploads of the sender's own, and links. */
export interface NamedAttachments {
  readonly attachments: readonly AttachmentWish[];
  readonly uploadIds: readonly string[];
}

/**
 * Reads the attachments that a message names. Ours are shown as they were uploaded; others are links
 * over https, stored as said. Throws `refused_by_rule`.
 */
export async function nameAttachments(
  deps: Deps,
  sessionId: string,
  senderId: string,
  wishes: readonly AttachmentWish[],
): Promise<NamedAttachments> {
  if (wishes.length === 0) return { attachments: [], uploadIds: [] };
  const ids = wishes.map(({ url }) => uploadIn(url, deps.http.publicUrl));
  const own = ids.filter((id) => id !== null);
  const known = await viewsOf(deps, sessionId, senderId, own);
  const attachments = wishes.map((wish, at) => {
    const id = ids[at];
    if (id === null || id === undefined) return link(wish, at);
    const view = known.get(id);
    if (view === undefined) throw unfit(at, 'is no upload of yours to this session');
    const { url, type, filename, size } = view;
    return { url, type, filename, size };
  });
  return { attachments, uploadIds: own };
}

async function viewsOf(
  deps: Deps,
  sessionId: string,
  senderId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, AttachmentView>> {
  if (ids.length === 0) return new Map();
  const rows = await attachmentsOf(deps.knex, sessionId, senderId, ids);
  const fields = rows.map((row) => ({ ref: placeOf(row), sealed: row.details }));
  const texts = await deps.cipher.openFields(deps.knex, fields);
  return new Map(
    rows.map((row, at) => {
      const { filename } = JSON.parse(texts[at]!) as AttachmentDetails;
      return [row.id, viewOf(deps, row, filename)];
    }),
  );
}

/** The id of an upload of ours; null for another address. */
function uploadIn(url: string, publicUrl: string): string | null {
  const base = URL.canParse(publicUrl) ? publicUrl : 'http://localhost';
  if (!URL.canParse(url, base)) return null;
  const { pathname, origin } = new URL(url, base);
  if (origin !== new URL(base).origin || !pathname.startsWith(PATH)) return null;
  return pathname.slice(PATH.length).toLowerCase();
}

function link(wish: AttachmentWish, at: number): AttachmentWish {
  const url = URL.canParse(wish.url) ? new URL(wish.url) : null;
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    throw unfit(at, 'must be an upload to this session, or a link over https');
  }
  return wish;
}

function unfit(at: number, message: string): HoldfastError {
  const field = `attachments.${at}.url`;
  return new HoldfastError('refused_by_rule', `${field} ${message}`, {
    fields: [{ field, message }],
  });
}

/** Removes uploads that no message came to show, and files that nobody knows. */
export async function sweepAttachments({
  knex,
  attachments: { store },
}: Pick<ApiDeps, 'knex' | 'attachments'>): Promise<void> {
  const orphans = await forgetOrphans(knex, ORPHAN_LIVES_MS);
  for (const id of orphans) await store.remove(id);
  for await (const ids of inBatches(store.olderThan(Date.now() - ORPHAN_LIVES_MS))) {
    for (const id of await unknownFiles(knex, ids)) await store.remove(id);
  }
}

const BATCH = 500;

async function* inBatches(ids: AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const id of ids) {
    batch.push(id);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
