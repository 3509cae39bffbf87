import { triggerTextRef } from '../../db/crisis-carrying.ts';
import {
  type RoomCall,
  type SaidCall,
  findRoomCalls,
  reportsLikeRoomCalls,
} from '../../db/room-calls.ts';
import { isUuid } from '../../domain/ids.ts';
import type { ApiDeps } from '../context.ts';
import { safely } from '../http/error-handler.ts';
import { type ReportWords, readWords } from './report-words.ts';

type Deps = Pick<ApiDeps, 'crisisKnex' | 'cipher' | 'log'>;

/**
 * From which session's room help was called for, and for whom, by alert: only for those who may read
 * the alert's words. An alert is shown without it rather than not at all, so it never throws.
 */
export async function roomCallsOf(
  { crisisKnex, cipher, log }: Deps,
  alertIds: readonly string[],
): Promise<ReadonlyMap<string, RoomCall>> {
  try {
    const reports = await reportsLikeRoomCalls(crisisKnex, alertIds);
    if (reports.length === 0) return new Map();
    const texts = await cipher.openFields(
      crisisKnex,
      reports.map(({ details, ...place }) => ({ ref: triggerTextRef(place), sealed: details })),
    );
    const said = reports.map(({ alertId }, index) => saidCall(alertId, readWords(texts[index]!)));
    return await findRoomCalls(crisisKnex, latest(said));
  } catch (error) {
    log.error({ error: safely(error) }, 'alerts are shown without the sessions they came from');
    return new Map();
  }
}

function saidCall(alertId: string, words: ReportWords): SaidCall | null {
  const { roomSessionId: sessionId, concerns } = words;
  if (typeof sessionId !== 'string' || !isUuid(sessionId)) return null;
  const isNamed = typeof concerns === 'string' && isUuid(concerns);
  return { alertId, sessionId, concerns: isNamed ? concerns : null };
}

/** One of each alert, of those that came newest first: what a therapist called for counts most. */
function latest(calls: readonly (SaidCall | null)[]): SaidCall[] {
  const known = new Map<string, SaidCall>();
  for (const call of calls) {
    if (call === null) continue;
    const before = known.get(call.alertId);
    if (before === undefined || (before.concerns === null && call.concerns !== null)) {
      known.set(call.alertId, call);
    }
  }
  return [...known.values()];
}

/** As a responder is shown it. */
export function presentRoomCall(call: RoomCall | undefined): object | null {
  return call === undefined ? null : { ...call, startsAt: call.startsAt.toISOString() };
}
