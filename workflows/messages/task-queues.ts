/** Sessions, their money and their messages. */
export const CORE_TASK_QUEUE = 'holdfast-core';

/** Crisis alerts alone: nothing else ever waits before them. */
export const CRISIS_TASK_QUEUE = 'holdfast-crisis';

/** What one host of video rooms alone can do. */
export function mediaTaskQueue(hostId: string): string {
  return `holdfast-media-${hostId}`;
}

/** Words of what was recorded: for any media host that has what it takes. */
export const TRANSCRIPT_TASK_QUEUE = 'holdfast-transcripts';
