import type { Answer, Call } from '../../api/http/handler.ts';
import { serveWith } from './serve.ts';

/** A row as a scored questionnaire leaves it, and nothing else that one does. */
const INSERT = `INSERT INTO bench_results (id, response_id, clinic_id, person_id, questionnaire_id,
    type, total, maximum, percentage, severity, methods, categories, flags, is_flagged, review,
    completed_at)
  VALUES (?, ?, ?, ?, ?, 'GAD-7', 5, 21, 23.81, 'mild', '{}', '{}', '[]', false, 'none', now())
  RETURNING completed_at`;

/** The product's own HTTP stack with one bare insert where it completes. */
async function insertOne({ deps, principal, newId }: Call): Promise<Answer> {
  const { clinicId, personId } = principal;
  await deps.knex.raw(INSERT, [newId, newId, clinicId, personId, newId]);
  const result = { _id: newId, totalScore: 5 };
  return { status: 200, body: { success: true, data: { id: newId }, result } };
}

await serveWith('bare-insert', { completeResponseSession: insertOne });
