import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/** Short database steps in the way of a caller: they wait out an outage of the database. */
export const LOCAL: LocalActivityOptions = {
  startToCloseTimeout: '10 seconds',
  retry: {
    initialInterval: '100 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '10 seconds',
  },
};

/** A worker that was killed in the midst of a call is missed after this long. */
const HEARTBEAT_TIMEOUT = '8 seconds';

/** Work that nobody waits for, such as a message: tried until it has been decided. */
export const BACKGROUND: ActivityOptions = {
  startToCloseTimeout: '30 seconds',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
};

/** Money that must go through: tried as long as the provider needs. */
export const PROVIDER: ActivityOptions = {
  startToCloseTimeout: '30 seconds',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  retry: {
    initialInterval: '500 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
  },
};

/** A provider call with a person waiting for the answer: it gives up while they still wait. */
export const PROVIDER_WHILE_CALLER_WAITS: ActivityOptions = {
  startToCloseTimeout: '15 seconds',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  scheduleToCloseTimeout: '25 seconds',
  retry: {
    initialInterval: '300 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '5 seconds',
  },
};

/** A page: tried at once again where a worker has died, and soon given up for the next person. */
export const PAGE: ActivityOptions = {
  startToCloseTimeout: '15 seconds',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  cancellationType: 'TRY_CANCEL',
  retry: {
    initialInterval: '300 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '2 seconds',
    maximumAttempts: 3,
  },
};

/** As {@link PAGE}; one that is on its way when nobody needs it any more is still heard of. */
export const PAGE_TO_ITS_END: ActivityOptions = {
  ...PAGE,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
};

/** An alert's record: nothing waits for it for long, and it is written in the end. */
export const RECORD: ActivityOptions = {
  startToCloseTimeout: '10 seconds',
  retry: {
    initialInterval: '200 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '3 seconds',
  },
};

/** What whoever has an alert is told: it waits out some minutes of a provider's silence. */
export const TELL: ActivityOptions = {
  startToCloseTimeout: '15 seconds',
  scheduleToCloseTimeout: '10 minutes',
  retry: {
    initialInterval: '500 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '20 seconds',
  },
};

/** What the next pages are decided by: short, since somebody waits for them. */
export const LOOK: LocalActivityOptions = {
  startToCloseTimeout: '5 seconds',
  retry: {
    initialInterval: '100 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '2 seconds',
  },
};

/** A step that only one host can do: soon given up, since that host may be gone for good. */
export const HOST: ActivityOptions = {
  startToCloseTimeout: '10 seconds',
  scheduleToStartTimeout: '5 seconds',
  scheduleToCloseTimeout: '20 seconds',
  retry: { maximumAttempts: 2 },
};

/**
 * Work of hours that is kept piece by piece: a worker that dies over it is missed soon, and another one
 * goes on. It waits for days for a worker that can do it at all.
 */
export const LONG: ActivityOptions = {
  scheduleToCloseTimeout: '7 days',
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '30 seconds',
  cancellationType: 'TRY_CANCEL',
  retry: {
    initialInterval: '5 seconds',
    backoffCoefficient: 2,
    maximumInterval: '10 minutes',
    maximumAttempts: 30,
  },
};
