import type { FieldRef, SealedField } from '../../crypto/field-cipher.ts';
import type { AlertView } from '../../db/crisis-alerts.ts';
import { triggerTextRef } from '../../db/crisis-carrying.ts';
import type { ApiDeps } from '../context.ts';
import { readWords } from './report-words.ts';
import type { ReportWords } from './report-words.ts';

/** What somebody of the crisis team has noted about an alert. */
export interface NoteWords {
  readonly resolution?: string;
  readonly actionsTaken?: readonly string[];
  readonly riskAssessment?: string;
  readonly notes?: string;
}

type Deps = Pick<ApiDeps, 'crisisKnex' | 'cipher'>;

export function noteRef(alertId: string, noteId: string): FieldRef {
  return { purpose: 'alert', objectId: alertId, column: 'note', rowId: noteId };
}

/** What the alerts were raised with, in their order. */
export async function openReports(
  deps: Deps,
  alerts: readonly AlertView[],
): Promise<ReportWords[]> {
  const texts = await openAll(
    deps,
    alerts.map(({ id, report, reportId }) =>
      report === null || reportId === null
        ? null
        : { ref: triggerTextRef({ alertId: id, triggerId: reportId }), sealed: report },
    ),
  );
  return texts.map((text) => (text === null ? { description: null } : readWords(text)));
}

/** What was noted last about each of them. */
export async function openNotes(deps: Deps, alerts: readonly AlertView[]): Promise<NoteWords[]> {
  const texts = await openAll(
    deps,
    alerts.map(({ id, note, noteId }) =>
      note === null || noteId === null ? null : { ref: noteRef(id, noteId), sealed: note },
    ),
  );
  return texts.map((text) => (text === null ? {} : (JSON.parse(text) as NoteWords)));
}

/** With one query for all of the keys; null stays null. */
async function openAll(
  { cipher, crisisKnex }: Deps,
  fields: readonly (SealedField | null)[],
): Promise<(string | null)[]> {
  const sealed = fields.filter((field) => field !== null);
  const texts = sealed.length === 0 ? [] : await cipher.openFields(crisisKnex, sealed);
  const opened = new Map(sealed.map((field, index) => [field, texts[index]!]));
  return fields.map((field) => (field === null ? null : (opened.get(field) ?? null)));
}
