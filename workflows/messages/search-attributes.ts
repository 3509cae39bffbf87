import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';

/** What Temporal UI lists sessions by. States and times only: nothing about health, nobody's name. */
export const SESSION_STATE = defineSearchAttributeKey('HoldfastState', SearchAttributeType.KEYWORD);
export const SESSION_DOOR = defineSearchAttributeKey('HoldfastDoor', SearchAttributeType.KEYWORD);
export const SESSION_STARTS_AT = defineSearchAttributeKey(
  'HoldfastStartsAt',
  SearchAttributeType.DATETIME,
);
