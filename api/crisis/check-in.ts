import { reachOf } from '../../db/crisis-alerts.ts';
import type { ApiDeps } from '../context.ts';
import type { ReportWords } from './report-words.ts';
import type { TakenReport } from './take-report.ts';

export type Asked = 'location' | 'phone' | 'emergencyContact';

export interface CheckIn {
  /** What nobody knows yet, and what helps to find the person should they drop out. */
  readonly asked: readonly Asked[];
  readonly message: string;
}

const PLEASE =
  'Please tell us where you are, how we can call you and whom we may call for you, in case we lose ' +
  'touch. You do not have to; help is on its way all the same.';
const ENOUGH = 'Thank you. We know how to find you should we lose touch.';

/** What is asked for when somebody's alert is taken in. Never throws: then everything is asked for. */
export async function checkInOf(
  { crisisKnex }: Pick<ApiDeps, 'crisisKnex'>,
  { personId, shownId }: Pick<TakenReport, 'personId' | 'shownId'>,
  { place, phone, emergencyContact }: ReportWords,
): Promise<CheckIn> {
  const nothing = { hasPhone: false, hasEmergencyContact: false };
  // Who knows somebody by another name is not told what is on record of them.
  const isHidden = shownId !== personId;
  const known = isHidden ? nothing : await reachOf(crisisKnex, personId).catch(() => nothing);
  const asked: Asked[] = [
    ...(place === undefined ? (['location'] as const) : []),
    ...(phone === undefined && !known.hasPhone ? (['phone'] as const) : []),
    ...(emergencyContact === undefined && !known.hasEmergencyContact
      ? (['emergencyContact'] as const)
      : []),
  ];
  return { asked, message: asked.length > 0 ? PLEASE : ENOUGH };
}
