import { findClinic } from '../../db/clinics.ts';
import { creditBalance, listCreditEntries as listInDatabase } from '../../db/credits.ts';
import type { CreditEntry } from '../../db/credits.ts';
import type { Answer, Call } from '../http/handler.ts';
import { enforce, mayHaveCredits } from '../access/clinic-access.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';

const ENTRY_ID = /^[1-9]\d{0,17}$/;

export function enforceCredits(call: Call, action: string): Promise<void> {
  const { personId } = call.principal;
  const target = { action, objectType: 'credits', objectId: personId };
  return enforce(call, mayHaveCredits(call.principal), target);
}

/** GET /api/v1/credits */
export async function getCredits(call: Call): Promise<Answer> {
  const { deps, principal } = call;
  await enforceCredits(call, 'credits.read');
  const [balance, clinic] = await Promise.all([
    creditBalance(deps.knex, principal.personId),
    findClinic(deps.knex, principal.clinicId),
  ]);
  return { status: 200, body: { ...balance, currency: clinic.currency } };
}

/** GET /api/v1/credits/entries */
export async function listCreditEntries(call: Call<unknown, PageQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  await enforceCredits(call, 'credits.entries.read');
  const before = readCursor(query.cursor, (id) => ENTRY_ID.test(id));
  const entries = await listInDatabase(deps.knex, principal.personId, {
    limit: query.limit + 1,
    ...(before === null ? {} : { before }),
  });
  return { status: 200, body: pageOf(entries, query.limit, present) };
}

function present(entry: CreditEntry): Record<string, unknown> {
  return { ...entry, createdAt: entry.createdAt.toISOString() };
}
