import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';

export interface TurnBody {
  readonly success: boolean;
  readonly data: {
    readonly response: {
      readonly text: string;
      readonly suggestions: readonly string[];
      readonly mood: string;
      readonly confidence: number;
    };
    readonly sessionId: string;
    readonly conversationId: string;
  };
  readonly response: {
    readonly text: string;
    readonly type: string;
    readonly intent: string;
    readonly suggestions: readonly string[];
    readonly escalationNeeded: boolean;
    readonly resources: readonly { readonly title: string; readonly url?: string }[];
    readonly immediateActions?: readonly string[];
    readonly supportSessionId?: string;
  };
  readonly metadata: {
    readonly crisisDetected?: boolean;
    readonly riskLevel?: string;
    readonly alertCreated?: string;
    readonly conversationId: string;
    readonly model: string;
  };
  readonly emergencyContacts?: Readonly<Record<string, unknown>>;
  /** Of a turn that was refused. */
  readonly alertCreated?: string;
}

/** `GET /api/ai/conversations/{id}` */
export interface ConversationBody {
  readonly data: {
    readonly conversation: {
      readonly messages: readonly { readonly role: string; readonly content: string }[];
    };
  };
}

/** `POST /api/chatbot/session` */
export interface ChatbotBody {
  readonly message: string;
  readonly session: Readonly<Record<'_id' | 'conversationId', string>>;
  readonly initialResponse: { readonly text: string };
  readonly metadata?: { readonly alertCreated: string };
}

/** `POST /api/ai/conversations/{id}/end` */
export interface EndedBody {
  readonly data: {
    readonly conversation: unknown;
    readonly alertCreated?: string;
    readonly emergencyContacts?: { readonly crisis: string };
  };
}

export const CRY = 'I want to kill myself tonight';

export function chat(
  api: TestApi,
  { token }: Pick<TestPerson, 'token'>,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<TestReply<TurnBody>> {
  return api.call<TurnBody>('POST', '/api/ai/chat', body, { token, headers });
}

/** Goes on with a conversation. */
export function say(
  api: TestApi,
  { token }: Pick<TestPerson, 'token'>,
  conversationId: string,
  message: string,
): Promise<TestReply<TurnBody>> {
  return api.call<TurnBody>('POST', '/api/ai/continue', { conversationId, message }, { token });
}

/** A conversation that has just begun; its id. */
export async function begin(api: TestApi, person: TestPerson): Promise<string> {
  const { body } = await chat(api, person, { message: 'Hello there' });
  return body.metadata.conversationId;
}

export interface AlertRow {
  readonly id: string;
  readonly severity: string;
  readonly type: string;
  readonly status: string;
}

export async function alertsOf(api: TestApi, personId: string): Promise<AlertRow[]> {
  return (await api.knex('crisis_alerts').where({ person_id: personId })) as AlertRow[];
}

/** A human has taken the person's alert. */
export async function takeAlert(api: TestApi, personId: string): Promise<void> {
  await api.knex('crisis_alerts').where({ person_id: personId }).update({ status: 'held' });
}
