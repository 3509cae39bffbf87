export default {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/.holdfast'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  // Generous, so that a busy machine fails no test; a test that hangs still ends.
  testTimeout: 120_000,
  // A worker process keeps every module it ever loaded; a new one takes over beyond this.
  workerIdleMemoryLimit: '1GB',
};
