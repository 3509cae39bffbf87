/** Sessions, their money and their messages. */
export const CORE_TASK_QUEUE = 'holdfast-core';

/** Crisis alerts alone: nothing else ever waits before them. */
export const CRISIS_TASK_QUEUE = 'holdfast-crisis';
