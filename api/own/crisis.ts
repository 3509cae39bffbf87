import type { AlertOutcome } from '../../domain/alert-events.ts';
import type { Answer, Call, HandlerMap } from '../http/handler.ts';
import { type AlertVerb, actOnAlert } from '../crisis/verbs.ts';

interface VerbBody {
  readonly note?: string;
  readonly outcome?: AlertOutcome;
}

async function act(call: Call<VerbBody | undefined>, verb: AlertVerb): Promise<Answer> {
  const { deps, principal, params, body, requestId, newId: wordId } = call;
  const said = { note: body?.note ?? null, outcome: body?.outcome ?? null };
  const options = { via: 'api', requestId, wordId, ...said } as const;
  return { status: 200, body: await actOnAlert(deps, principal, params['id']!, verb, options) };
}

/** The crisis team's verbs on an alert. */
export const crisisVerbHandlers = {
  acknowledgeAlert: (call: Call<VerbBody | undefined>) => act(call, 'acknowledge'),
  contactAlert: (call: Call<VerbBody | undefined>) => act(call, 'contact'),
  releaseAlert: (call: Call<VerbBody | undefined>) => act(call, 'release'),
  resolveAlert: (call: Call<VerbBody | undefined>) => act(call, 'resolve'),
} satisfies Partial<HandlerMap>;
