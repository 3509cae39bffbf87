/** Sessions, their money and their messages. */
export const CORE_TASK_QUEUE = 'holdfast-core';
