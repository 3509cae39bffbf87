import { v7 as uuidv7 } from 'uuid';
import {
  type BreakoutRow,
  assignBreakout,
  breakoutNameRef,
  closeBreakouts,
  openBreakouts,
  replaceBreakouts,
} from '../../db/breakouts.ts';
import type { HostedView } from '../../db/hosted-sessions.ts';
import { askRoom } from '../../db/room-commands.ts';
import { hasSeats, membersOf } from '../../db/seats.ts';
import { type RecordAudit, inTransaction } from '../../db/transaction.ts';
import { type BreakoutWish, checkBreakouts, spelling } from '../../domain/breakouts.ts';
import { SEATED_STATES } from '../../domain/enrolment.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { MINUTE_MS } from '../../domain/local-time.ts';
import type { Knex } from 'knex';
import { auditContext } from '../access/audit-context.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openHosted } from './open-hosted.ts';

interface BreakoutBody {
  readonly action: 'create' | 'assign' | 'broadcast' | 'close';
  readonly rooms?: readonly BreakoutWish[];
  readonly durationMinutes?: number;
  readonly message?: string;
}

/** A breakout room as its therapist knows it. */
interface Breakout {
  readonly id: string;
  readonly name: string;
  readonly endsAt: Date | null;
  readonly personIds: readonly string[];
}

/** POST /teletherapy/sessions/{id}/breakout-rooms */
export async function manageBreakoutRooms(call: Call<BreakoutBody>): Promise<Answer> {
  const session = await openHosted(call, 'host');
  if (!hasSeats(session)) {
    throw new HoldfastError(
      'refused_by_rule',
      'Breakout rooms are for sessions of several people.',
    );
  }
  if (session.status !== 'confirmed' && session.status !== 'in_progress') {
    throw new HoldfastError('wrong_state', 'The session is not open.');
  }
  await ACTIONS[call.body.action](call, session);
  const rooms = await readBreakouts(call, await openBreakouts(call.deps.knex, session.id));
  return {
    status: call.body.action === 'create' ? 201 : 200,
    body: {
      id: session.id,
      rooms: rooms.map(({ id, name, personIds }) => ({ id, name, participantIds: personIds })),
      endsAt: rooms[0]?.endsAt?.toISOString() ?? null,
    },
  };
}

type Action = (call: Call<BreakoutBody>, session: HostedView) => Promise<void>;

const ACTIONS: Readonly<Record<BreakoutBody['action'], Action>> = {
  create,
  assign,
  broadcast,
  close,
};

async function create(call: Call<BreakoutBody>, session: HostedView): Promise<void> {
  const { body, deps, principal } = call;
  const rooms = (body.rooms ?? []).map((room) => ({ ...room, id: uuidv7() }));
  assertFits(rooms, { personIds: await seatedIn(deps.knex, session.id) });
  const durationMs = body.durationMinutes === undefined ? null : body.durationMinutes * MINUTE_MS;
  const endsAt = durationMs === null ? null : new Date(Date.now() + durationMs);
  await change(call, session, 'create', async (trx) => {
    const sealed = await Promise.all(
      rooms.map(async ({ id, name, participantIds }) => ({
        id,
        name: await deps.cipher.sealField(trx, breakoutNameRef(session.id, id), name),
        personIds: participantIds,
      })),
    );
    await replaceBreakouts(trx, session.id, sealed, endsAt);
  });
  await askRoom(deps, session.id, {
    type: 'create_breakouts',
    by: principal.personId,
    rooms: rooms.map(({ id, name, participantIds }) => ({ id, name, personIds: participantIds })),
    durationMs,
  });
}

async function assign(call: Call<BreakoutBody>, session: HostedView): Promise<void> {
  const { body, deps, principal } = call;
  const wishes = body.rooms ?? [];
  const open = await readBreakouts(call, await openBreakouts(deps.knex, session.id));
  const ids = new Map(open.map(({ id, name }) => [spelling(name), id]));
  const personIds = await seatedIn(deps.knex, session.id);
  assertFits(wishes, { personIds, known: new Set(ids.keys()) });
  const idOf = ({ name }: BreakoutWish): string => ids.get(spelling(name))!;
  await change(call, session, 'assign', async (trx) => {
    for (const wish of wishes) {
      await assignBreakout(trx, session.id, idOf(wish), wish.participantIds);
    }
  });
  for (const wish of wishes) {
    for (const personId of wish.participantIds) {
      const command = { type: 'assign_breakout', by: principal.personId, personId } as const;
      await askRoom(deps, session.id, { ...command, breakoutId: idOf(wish) });
    }
  }
}

async function broadcast(call: Call<BreakoutBody>, session: HostedView): Promise<void> {
  const { body, deps, principal } = call;
  if (body.message === undefined) throw missing('message', 'is required');
  await change(call, session, 'broadcast', async () => {});
  const command = { type: 'broadcast', by: principal.personId, text: body.message } as const;
  await askRoom(deps, session.id, command);
}

async function close(call: Call<BreakoutBody>, session: HostedView): Promise<void> {
  const { deps, principal } = call;
  await change(call, session, 'close', (trx) => closeBreakouts(trx, session.id));
  await askRoom(deps, session.id, { type: 'close_breakouts', by: principal.personId });
}

/** Under the lock of the session's row, with its audit row. */
async function change(
  { deps, principal, requestId }: Call,
  { id }: HostedView,
  action: BreakoutBody['action'],
  write: (trx: Knex.Transaction, audit: RecordAudit) => Promise<void>,
): Promise<void> {
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    await trx('sessions').where({ id }).forNoKeyUpdate().first('id');
    await write(trx, audit);
    audit({
      action: 'session.breakouts',
      objectType: 'session',
      objectId: id,
      changes: { action },
    });
  });
}

function assertFits(
  rooms: readonly BreakoutWish[],
  session: Parameters<typeof checkBreakouts>[1],
): void {
  const verdict = checkBreakouts(rooms, session);
  if (verdict.kind === 'refused') throw missing(verdict.field, verdict.reason);
}

function missing(field: string, message: string): HoldfastError {
  const fields = [{ field, message }];
  return new HoldfastError('malformed_request', `${field} ${message}`, { fields });
}

async function seatedIn(knex: Knex, sessionId: string): Promise<Set<string>> {
  const members = await membersOf(knex, [sessionId]);
  const seated = members.filter(({ state }) =>
    (SEATED_STATES as readonly string[]).includes(state),
  );
  return new Set(seated.map(({ person_id }) => person_id));
}

async function readBreakouts(
  { deps, params }: Call,
  rows: readonly BreakoutRow[],
): Promise<Breakout[]> {
  const names = await deps.cipher.openFields(
    deps.knex,
    rows.map(({ id, name }) => ({ ref: breakoutNameRef(params['id']!, id), sealed: name })),
  );
  return rows.map((row, index) => ({ ...row, name: names[index]! }));
}
