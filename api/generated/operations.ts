// Generated from openapi.yaml by api/http/generate-operations.ts.
export const OPERATION_IDS = [
  'getHealth',
  'getJwks',
  'getMe',
  'getReadiness',
  'login',
  'logout',
  'refresh',
  'register',
  'verifyEmail',
] as const;
export type OperationId = (typeof OPERATION_IDS)[number];
export const PUBLIC_OPERATION_IDS = [
  'getHealth',
  'getJwks',
  'getReadiness',
  'login',
  'refresh',
  'register',
  'verifyEmail',
] as const;
export type PublicOperationId = (typeof PUBLIC_OPERATION_IDS)[number];
