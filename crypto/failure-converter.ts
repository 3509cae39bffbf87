import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Puts messages and stack traces of failures where the payload codec encrypts them. This
 * module is bundled with the workflows and required by workers, so it imports nothing else.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
