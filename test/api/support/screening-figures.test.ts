import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { v7 as newId } from 'uuid';
import { activeQuestionnaire } from '../../../db/questionnaires.ts';
import { GAD_7 } from '../../../domain/screening/instruments/gad-7.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

interface Figures {
  readonly participants: number | null;
  readonly averageScore: number | null;
  readonly completionRate: number | null;
  readonly flaggedResponses: number | null;
  readonly flaggedAwaitingReview: number | null;
  readonly severityDistribution: readonly {
    readonly severityLevels: readonly string[];
    readonly participants: number;
  }[];
  readonly trend: readonly (Figures & { readonly month: string; readonly isShown: boolean })[];
}

let admin: TestPerson;
let people: TestPerson[];
beforeEach(async () => {
  const clinicId = await api.clinic();
  admin = await api.person({ role: 'admin', clinicId });
  people = await Promise.all(Array.from({ length: 12 }, () => api.person({ clinicId })));
});

const BANDS = ['minimal', 'mild', 'moderate', 'severe'];
/** A clinic's own cut-offs, in its later version. */
const LATER = [
  { min: 0, max: 7, label: 'low' },
  { min: 8, max: 14, label: 'moderate' },
  { min: 15, max: 21, label: 'high' },
];

function nextMonth(month: string): string {
  const [year, number] = month.split('-').map(Number);
  return new Date(Date.UTC(year!, number!, 1)).toISOString().slice(0, 10);
}

/** Results of GAD-7 as they stand after a month, one person each; what was given up besides. */
async function month(
  at: string,
  bands: readonly number[],
  gaveUp = 0,
  labels: readonly string[] = BANDS,
): Promise<void> {
  const questionnaire = (await activeQuestionnaire(api.knex, admin.clinicId, 'GAD-7'))!;
  for (const [index, band] of [...bands, ...Array.from({ length: gaveUp }, () => -1)].entries()) {
    const id = newId();
    const when = new Date(`${at}-15T12:00:00Z`);
    const common = {
      clinic_id: admin.clinicId,
      person_id: people[index]!.id,
      questionnaire_id: questionnaire.id,
      type: 'GAD-7',
    };
    const status = band < 0 ? 'expired' : 'completed';
    const completed_at = band < 0 ? null : when;
    const row = { ...common, id, status, expires_at: when, completed_at };
    await api.knex('screening_responses').insert(row);
    if (band < 0) continue;
    const isFlagged = band === 3;
    await api.knex('screening_results').insert({
      ...common,
      id,
      response_id: id,
      total: band * 5,
      maximum: 21,
      percentage: (band * 500) / 21,
      severity: labels[band],
      methods: '{}',
      categories: '{}',
      flags: '[]',
      is_flagged: isFlagged,
      is_flagged_by_total: isFlagged,
      review: isFlagged ? 'awaited' : 'none',
      completed_at: when,
    });
  }
}

async function aggregate(query = ''): Promise<Figures> {
  const path = `/api/results/admin/aggregate?questionnaireType=GAD-7${query}`;
  const reply = await api.call<{ data: Figures }>('GET', path, undefined, { token: admin.token });
  expect(reply.status).toBe(200);
  return reply.body.data;
}

const spread = (figures: Pick<Figures, 'severityDistribution'>): string[] =>
  figures.severityDistribution.map((g) => `${g.severityLevels.join('+')} ${g.participants}`);

describe('figures', () => {
  test('are shown by whole months, small groups together, small months not at all', async () => {
    await month('2025-01', [0, 0, 0, 0, 0, 1, 1, 3]);
    await month('2025-02', [0, 3, 3, 3]);
    await month('2025-03', [0, 0, 0, 0, 0, 3, 3, 3, 3, 3], 2);
    const figures = await aggregate();
    const shown = figures.trend.map((m) => [m.month, m.participants, m.isShown]);
    expect(shown.slice(0, 4)).toEqual([
      ['2025-01', 8, true],
      ['2025-02', null, false],
      ['2025-03', 10, true],
      ['2025-04', null, false],
    ]);
    expect(spread(figures.trend[0]!)).toEqual(['minimal+mild+moderate+severe 8']);
    expect(spread(figures.trend[2]!)).toEqual(['minimal 5', 'mild+moderate+severe 5']);
    expect(figures.trend[2]).toMatchObject({ averageScore: 7.5, completionRate: null });
    expect(figures).toMatchObject({
      participants: 18,
      flaggedResponses: null,
      flaggedAwaitingReview: null,
    });
    expect(spread(figures)).toEqual(['minimal+mild+moderate+severe 18']);
  });

  test('tell how many are flagged where each band is shown by itself', async () => {
    const { clinicId } = admin;
    const more = Array.from({ length: 13 }, () => api.person({ clinicId }));
    people = [...people, ...(await Promise.all(more))];
    const each = (band: number): number[] => [band, band, band, band, band];
    await month('2025-01', [0, 1, 2, 2, 3].flatMap(each));
    await month('2025-02', [0, 2, 2, 3].flatMap(each));
    // By an answer, half of those who are moderately ill.
    await api.knex.raw(
      `UPDATE screening_results SET is_flagged = true WHERE id IN (
         SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY completed_at ORDER BY id) AS at
           FROM screening_results WHERE clinic_id = ? AND severity = 'moderate') AS moderate
         WHERE at <= 5)`,
      [clinicId],
    );
    const figures = await aggregate();
    expect(figures.trend.slice(0, 2).map((m) => m.flaggedResponses)).toEqual([10, null]);
    expect(spread(figures.trend[1]!)).toEqual(['minimal 5', 'mild+moderate 10', 'severe 5']);
    expect(figures.flaggedResponses).toBe(10);
  });

  test('tell how many wait for a review in steps, while enough do and enough do not', async () => {
    const { clinicId } = admin;
    const more = Array.from({ length: 4 }, () => api.person({ clinicId }));
    people = [...people, ...(await Promise.all(more))];
    await month('2025-01', [0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
    await month('2025-02', [3, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
    const shown = async () => {
      const { flaggedAwaitingReview, trend } = await aggregate();
      return [flaggedAwaitingReview, ...trend.slice(0, 2).map((m) => m.flaggedAwaitingReview)];
    };
    expect(await shown()).toEqual([10, 10, null]);
    const [{ id }] = await api
      .knex('screening_results')
      .where({ clinic_id: clinicId, review: 'awaited' })
      .orderBy('completed_at');
    const reviewed = { review: 'done', reviewed_at: new Date() };
    await api.knex('screening_results').where({ id }).update(reviewed);
    expect(await shown()).toEqual([null, null, null]);
  });

  test('leave out months that a filter cuts, and the one that is not over', async () => {
    await month('2025-01', [0, 0, 0, 0, 0]);
    await month('2025-02', [0, 0, 0, 0, 0, 0]);
    await month(new Date().toISOString().slice(0, 7), [0, 0, 0, 0, 0, 0, 0]);
    const total = async (query: string) => (await aggregate(query)).participants;
    expect(await total('')).toBe(11);
    expect(await total('&from=2025-02')).toBe(6);
    expect(await total('&from=2025-01-02')).toBe(6);
    expect(await total('&to=2025-01')).toBe(5);
    expect(await total('&to=2025-02-01')).toBe(5);
    expect(await total('&to=2025-02-28')).toBe(5);
    expect(await total('&from=2025-01-16&to=2025-02-14')).toBeNull();
  });

  test('tell by no filter more than the months do, whatever version they were answered in', async () => {
    const later = { ...GAD_7, bands: LATER };
    await api.call('POST', '/api/questionnaires', later, { token: admin.token });
    const labels = [BANDS, LATER.map(({ label }) => label)];
    const random = fc.sample(
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 3, maxLength: 12 }),
      { numRuns: 6, seed: 7 },
    );
    for (const [at, bands] of random.entries()) {
      await month(`2025-0${at + 1}`, bands.slice(at), at, labels[at % 2]);
    }
    const whole = (await aggregate()).trend;
    expect(whole.filter(({ isShown }) => isShown).length).toBeGreaterThan(2);
    const day = fc.integer({ min: 0, max: 200 });
    const dates = (days: number): string =>
      new Date(Date.UTC(2025, 0, 1 + days)).toISOString().slice(0, 10);
    await fc.assert(
      fc.asyncProperty(day, day, async (one, other) => {
        const [from, to] = [dates(Math.min(one, other)), dates(Math.max(one, other))];
        const figures = await aggregate(`&from=${from}&to=${to}`);
        // Whole months alone, each as it stands in every other answer.
        const within = whole.filter(({ month: m }) => `${m}-01` >= from && nextMonth(m) <= to);
        expect(figures.trend).toEqual(within);
        const people = within.reduce((sum, { participants }) => sum + (participants ?? 0), 0);
        expect(figures.participants).toBe(people === 0 ? null : people);
        const groups = figures.severityDistribution.reduce((sum, g) => sum + g.participants, 0);
        expect(groups).toBe(people);
      }),
      { numRuns: 25 },
    );
  });

  test('of a month stay as they are, whatever comes to light later', async () => {
    await month('2025-01', [0, 0, 0, 0, 0]);
    const before = await aggregate();
    await month('2025-01', [3]);
    expect(await aggregate()).toEqual(before);
  });

  test('count each person once a month, with their last result', async () => {
    await month('2025-01', [0, 0, 0, 0, 0]);
    await month('2025-01', [1, 1, 1, 1, 1]);
    await api.knex('screening_results').where({ severity: 'mild' }).update({
      completed_at: '2025-01-20T12:00:00Z',
    });
    expect((await aggregate()).trend[0]).toMatchObject({ participants: 5, averageScore: 5 });
  });
});
