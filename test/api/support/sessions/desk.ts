import type { TestApi, TestPerson, TestReply } from '../../../support/api.ts';

/** What these tests look at of an answer in both shapes. */
export interface Body {
  readonly success: boolean;
  readonly message: string;
  readonly error: string;
  readonly data: {
    readonly urgentSession: { readonly id: string };
    readonly urgentSessions: readonly unknown[];
  };
  readonly session: {
    readonly _id: string;
    readonly rating: number | null;
    readonly sessionNotes: string | null;
    readonly patientId: { readonly username: string };
  };
  readonly sessions: readonly { readonly _id: string }[];
  readonly instructions: { readonly endpoints: { readonly getMessages: string } };
  readonly [name: string]: unknown;
}

export interface Alert {
  readonly severity: string;
  readonly session_id: string | null;
}

/** What the tests of live sessions do again and again. */
export function deskOf(api: TestApi) {
  const as = (
    person: TestPerson,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<TestReply<Body>> => api.call<Body>(method, path, body, { token: person.token });
  return {
    as,
    ask: async (by: TestPerson, body: object = CREATE_A): Promise<string> => {
      const reply = await as(by, 'POST', '/api/sessions', body);
      if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
      const { _id: id } = reply.body.session;
      return id;
    },
    alertsOf: (person: TestPerson): Promise<Alert[]> =>
      api.knex('crisis_alerts').where({ person_id: person.id }).select('severity', 'session_id'),
  };
}

export const CREATE_A = {
  type: 'peer_support',
  title: 'Anxiety Support Request',
  description: 'Looking for help with anxiety management',
  urgencyLevel: 'medium',
  preferredHelperType: 'peer',
  tags: ['anxiety', 'stress', 'academic'],
};
export const CREATE_B = {
  helperType: 'peer',
  severity: 'medium',
  title: 'Job Interview Anxiety Support',
  description: "I'm feeling anxious about an upcoming job interview and need someone to talk to",
};
