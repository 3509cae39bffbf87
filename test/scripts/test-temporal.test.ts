import { expect, test } from '@jest/globals';
import { devServer, timeSkippingEnvironment } from '../support/temporal.ts';

test('both kinds of Temporal servers come up, and only one of them skips time', async () => {
  const skipping = await timeSkippingEnvironment();
  const plain = await devServer();
  try {
    const before = await skipping.currentTimeMs();
    await skipping.sleep('90 days');
    expect((await skipping.currentTimeMs()) - before).toBeGreaterThanOrEqual(90 * 86_400_000);
    const { customAttributes } = await plain.connection.operatorService.listSearchAttributes({
      namespace: 'default',
    });
    expect(Object.keys(customAttributes ?? {})).toEqual(
      expect.arrayContaining(['HoldfastState', 'HoldfastDoor', 'HoldfastStartsAt']),
    );
  } finally {
    await Promise.all([skipping.teardown(), plain.teardown()]);
  }
}, 120_000);
