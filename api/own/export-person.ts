import { Readable } from 'node:stream';
import type { Knex } from 'knex';
import { openFile } from '../../crypto/sealed-stream.ts';
import { auditRead } from '../../db/audit/record.ts';
import { findPerson } from '../../db/people.ts';
import { exportSections } from '../../db/personal-data/export.ts';
import type { ExportWish, ExportedRow } from '../../db/personal-data/export.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { exportVerdict } from '../access/people-access.ts';
import type { ApiDeps } from '../context.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { fileContext } from '../http/upload.ts';

export interface ExportQuery extends Query {
  readonly clinicsNotes: boolean;
}

type Deps = Pick<ApiDeps, 'knex' | 'cipher' | 'attachments'>;

/** Each holds a connection for as long as its reader takes. */
const MOST_AT_ONCE = 2;
const RETRY_AFTER_SECONDS = 15;
let running = 0;

/**
 * GET /api/v1/people/{id}/export. On record before its first byte. A document that is cut short is
 * no JSON, so that whoever has it can tell.
 */
export async function exportPerson(call: Call<unknown, ExportQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const personId = call.params['id']!;
  const target = { action: 'person.export', objectType: 'person', objectId: personId };
  const person = await findPerson(deps.knex, personId);
  const withClinicsNotes = query.clinicsNotes;
  await enforce(call, exportVerdict(principal, person, { withClinicsNotes }), target);
  if (running >= MOST_AT_ONCE) {
    const details = { retryAfterSeconds: RETRY_AFTER_SECONDS };
    throw new HoldfastError('dependency_unavailable', 'Other exports are running', details);
  }
  const changes = { clinicsNotes: withClinicsNotes };
  const read = { ...target, subjectId: personId, changes };
  await auditRead(deps.knex, auditContext(principal, requestId), read);
  const body = Readable.from(documentOf(deps, { personId, withClinicsNotes }));
  const headers = {
    'cache-control': 'no-store',
    'content-disposition': `attachment; filename="export-${personId}.json"`,
  };
  return { status: 200, body, headers, contentType: 'application/json; charset=utf-8' };
}

/** As of one instant, whatever is written meanwhile. */
async function* documentOf(deps: Deps, wish: ExportWish): AsyncGenerator<string> {
  running += 1;
  let trx: Knex.Transaction | undefined;
  try {
    const snapshot = { isolationLevel: 'repeatable read', readOnly: true } as const;
    trx = await deps.knex.transaction(snapshot);
    yield* sectionsOf(deps, trx, wish);
  } finally {
    running -= 1;
    await trx?.rollback();
  }
}

async function* sectionsOf(
  deps: Deps,
  trx: Knex.Transaction,
  wish: ExportWish,
): AsyncGenerator<string> {
  const { personId } = wish;
  const head = { format: 'holdfast-personal-data', version: 1, personId };
  yield JSON.stringify({ ...head, exportedAt: new Date().toISOString() }).slice(0, -1);
  yield ',"sections":{';
  const withheld: Record<string, readonly string[]> = {};
  let between = '';
  for (const section of exportSections(trx, deps.cipher, wish)) {
    if (section.withheld.length > 0) withheld[section.name] = section.withheld;
    yield `${between}${JSON.stringify(section.name)}:[`;
    between = ',\n';
    let separator = '\n';
    for await (const row of section.rows()) {
      yield `${separator}${JSON.stringify(await withContent(deps, row))}`;
      separator = ',\n';
    }
    yield ']';
  }
  yield `},"withheld":${JSON.stringify(withheld)},"isComplete":true}\n`;
}

interface SealedFileDetails {
  readonly filename: string;
  readonly key: string;
}

/** A file comes along in base64 in the place of the key that it is kept under. */
async function withContent({ attachments }: Deps, row: ExportedRow): Promise<ExportedRow> {
  const details = row['details'] as Partial<SealedFileDetails> | undefined;
  if (row['mediaType'] === undefined || details?.key === undefined) return row;
  const { filename, key } = details;
  const id = String(row['id']);
  const bytes = await attachments.store.read(id);
  const clear =
    bytes === null ? null : openFile(Buffer.from(key, 'base64'), bytes, fileContext(id));
  return { ...row, details: { filename, contentBase64: clear?.toString('base64') ?? null } };
}
