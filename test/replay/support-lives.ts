import { workflowId } from '../../domain/ids.ts';
import { until } from '../support/until.ts';
import type { Life } from './lives.ts';

/** Asked for, accepted, and ended by the patient. */
export const supportSession: Life = {
  live: async (stack, { client, therapist }) => {
    const { api, temporal } = stack;
    const as = ({ token }: { readonly token: string }) => ({ token });
    const asked = await api.call<{ session: { _id: string } }>(
      'POST',
      '/api/sessions/create',
      { helperType: 'counselor', severity: 'moderate' },
      as(client),
    );
    const { _id: id } = asked.body.session;
    const handle = temporal.workflow.getHandle(workflowId('support', id));
    const looks = async (count: number): Promise<boolean> => {
      const { events } = await handle.fetchHistory();
      const done = (events ?? []).filter((event) => event.activityTaskCompletedEventAttributes);
      return done.length >= count;
    };
    await until(() => looks(1).catch(() => false));
    await api.call('POST', `/api/sessions/${id}/accept`, { message: 'Hi' }, as(therapist));
    await until(() => looks(2));
    await api.call('POST', `/api/sessions/${id}/end`, { rating: 5 }, as(client));
    await handle.result();
    return workflowId('support', id);
  },
};
