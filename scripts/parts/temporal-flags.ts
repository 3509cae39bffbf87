/**
 * The development server has one history shard, whose queues are polled 20 times a second: every step
 * of every workflow would wait for that tick. And it has four partitions for each task queue, between
 * which a rare task waits for seconds; one is enough for one machine.
 */
const dynamicConfig = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 2000,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
};

/** What operators can filter by in Temporal UI; none of it says anything about a person's health. */
export const searchAttributes = {
  HoldfastState: 'Keyword',
  HoldfastDoor: 'Keyword',
  HoldfastStartsAt: 'Datetime',
} as const;

/** Flags of `temporal server start-dev` that make it fit for the product, wherever its data is. */
export const developmentServerFlags: readonly string[] = [
  ...Object.entries(dynamicConfig).map((entry) => `--dynamic-config-value=${entry.join('=')}`),
  ...Object.entries(searchAttributes).map((entry) => `--search-attribute=${entry.join('=')}`),
];

/** Flags for a database in a file: writes don't wait for the disk one by one. */
export const fileDatabaseFlags: readonly string[] = [
  '--sqlite-pragma=journal_mode=wal',
  '--sqlite-pragma=synchronous=normal',
];
