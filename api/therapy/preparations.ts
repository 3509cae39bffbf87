import { type Preparation, preparationsOf } from '../../db/session-preparations.ts';
import type { SessionRow } from '../../db/sessions.ts';
import type { Call } from '../http/handler.ts';
import { writeInstant } from './local-window.ts';

type Shown = Readonly<Record<string, unknown>>;

/** What clients do before a session, and whether all of it is done. */
export interface PreparationPart {
  readonly preparation_materials: readonly Shown[];
  readonly preparation_completed: boolean;
}

/**
 * Of each session, in order. Its client sees their own, and so does the therapist where there is one
 * client; those who run the clinic see none. No query where no plan asks for anything.
 */
export async function preparationParts(
  { deps, principal }: Call,
  sessions: readonly SessionRow[],
): Promise<PreparationPart[]> {
  const { personId } = principal;
  const asking = sessions.filter(
    ({ plan, client_id, therapist_id, group_terms }) =>
      (plan.preparation ?? null) !== null &&
      (client_id === personId || (therapist_id === personId && group_terms === null)),
  );
  const sessionIds = asking.map(({ id }) => id);
  const asked =
    asking.length === 0
      ? []
      : await preparationsOf(deps.knex, { sessionIds, personId: null, purpose: 'preparation' });
  return sessions.map(({ id, client_id: clientId }) => {
    const own = asked.filter((one) => one.sessionId === id && one.personId === clientId);
    return {
      preparation_materials: own.map(shown),
      preparation_completed: own.every(({ completedAt }) => completedAt !== null),
    };
  });
}

function shown({ id, title, materialId, dueAt, completedAt }: Preparation): Shown {
  const isQuestionnaire = materialId === null;
  return {
    type: isQuestionnaire ? 'questionnaire' : 'material',
    title,
    url: isQuestionnaire ? `/assessments/${id}` : `/materials/${id}`,
    due_date: writeInstant(dueAt.getTime()),
    completed: completedAt !== null,
  };
}
