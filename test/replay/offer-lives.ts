import { workflowId } from '../../domain/ids.ts';
import * as acts from '../support/stack-acts.ts';
import { answer, fallIll, nextOffer, wait } from '../support/stack-offers.ts';
import { addClient } from '../support/stack-people.ts';
import type { Life } from './lives.ts';

/** The first in order declines, the second one books. */
export const vacancy: Life = {
  live: async (stack, { book, client, therapist }) => {
    const booked = await book();
    const [first, second] = [await addClient(stack.api), await addClient(stack.api)];
    await wait(stack, first, { therapistId: therapist.id });
    await wait(stack, second);
    acts.ok(await acts.cancel(stack, booked, client));
    acts.ok(await answer(stack, first, await nextOffer(stack, first), 'decline'));
    const offer = await nextOffer(stack, second);
    acts.ok(await answer(stack, second, offer, 'accept'));
    const { vacancy_id: id } = (await stack.api
      .knex('offers')
      .where({ id: offer.id })
      .first('vacancy_id')) as { vacancy_id: string };
    await stack.temporal.workflow.getHandle(workflowId('offer', id)).result();
    return workflowId('offer', id);
  },
};

/** The client of a therapist who is ill takes another day, and what was paid goes with it. */
export const absence: Life = {
  live: async (stack, { book, client }) => {
    const booked = await book();
    acts.ok(await acts.approve(stack, booked));
    acts.ok(await acts.pay(stack, booked));
    await acts.reaches(stack, booked, 'confirmed');
    await fallIll(stack, booked);
    const offer = await nextOffer(stack, client);
    const choice = offer.choices.find(({ kind }) => kind === 'same_therapist')!;
    acts.ok(await answer(stack, client, offer, 'accept', choice.id));
    const id = workflowId('absence', offer.id);
    await stack.temporal.workflow.getHandle(id).result();
    return id;
  },
};
