import type { AlertOutcome } from '../../domain/alert-events.ts';
import { recordedWithin } from '../access/denials.ts';
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
  const acted = await recordedWithin(call, () =>
    actOnAlert(deps, principal, params['id']!, verb, options),
  );
  return { status: 200, body: acted };
}

/** The crisis team's verbs on an alert. */
export const crisisVerbHandlers = {
  acknowledgeAlert: (call: Call<VerbBody | undefined>) => act(call, 'acknowledge'),
  contactAlert: (call: Call<VerbBody | undefined>) => act(call, 'contact'),
  releaseAlert: (call: Call<VerbBody | undefined>) => act(call, 'release'),
  resolveAlert: (call: Call<VerbBody | undefined>) => act(call, 'resolve'),
} satisfies Partial<HandlerMap>;
