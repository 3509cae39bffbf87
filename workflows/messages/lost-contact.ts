import { defineSignal } from '@temporalio/workflow';

/** How it was noticed that somebody is not there any more; `not_there` is what a look has shown. */
export type LossCause = 'sockets_gone' | 'session_abandoned' | 'not_there';

/** The person of an alert has dropped out. Any argument at all is survived. */
export const contactLostSignal = defineSignal<[unknown?]>('contactLost');
