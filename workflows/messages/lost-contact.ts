import { defineSignal } from '@temporalio/workflow';

/** How it was noticed that somebody is not there any more. */
export type LossCause = 'sockets_gone' | 'session_abandoned';

/** The person of an alert has dropped out. Any argument at all is survived. */
export const contactLostSignal = defineSignal<[unknown?]>('contactLost');
