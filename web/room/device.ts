import { Device, detectDeviceAsync, type types } from 'mediasoup-client';
import { Chrome74 } from 'mediasoup-client/handlers/Chrome74';
import { Chrome111 } from 'mediasoup-client/handlers/Chrome111';
import { Firefox120 } from 'mediasoup-client/handlers/Firefox120';
import { Safari12 } from 'mediasoup-client/handlers/Safari12';

const BROWSERS: Readonly<Record<string, Pick<typeof Chrome111, 'createFactory'>>> = {
  Chrome74,
  Chrome111,
  Firefox120,
  Safari12,
};

let known: Promise<types.HandlerFactory> | null = null;

/**
 * Has the browser say what it can send and receive, so that nobody waits for it on their way into a
 * room. Rejects where it knows no WebRTC.
 */
export function prepareDevice(): Promise<types.HandlerFactory> {
  known ??= askBrowser();
  known.catch(() => {
    known = null;
  });
  return known;
}

/** For the media of one connection. `routerRtpCapabilities` are the room's. */
export async function openDevice(routerRtpCapabilities: types.RtpCapabilities): Promise<Device> {
  const device = await Device.factory({ handlerFactory: await prepareDevice() });
  await device.load({ routerRtpCapabilities });
  return device;
}

async function askBrowser(): Promise<types.HandlerFactory> {
  const browser = BROWSERS[(await detectDeviceAsync()) ?? ''];
  if (browser === undefined) throw new Error('This browser can not join with sound or pictures.');
  const factory = browser.createFactory({});
  const [recvonly, sendonly] = await Promise.all([
    factory.getNativeRtpCapabilities({ direction: 'recvonly' }),
    factory.getNativeRtpCapabilities({ direction: 'sendonly' }),
  ]);
  const can = { recvonly, sendonly };
  return { ...factory, getNativeRtpCapabilities: async ({ direction }) => can[direction] };
}
