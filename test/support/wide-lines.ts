import { observer } from 'mediasoup';

/** More than a camera needs in its largest size, bit/s. */
const WIDTH = 1_000_000;

/**
 * Whoever receives is taken to have a wide line from now on, in this process. A busy machine delays
 * datagrams, which a host takes for a narrow line: it would choose smaller pictures than were asked for.
 */
export function widenLines(): void {
  observer.on('newworker', (worker) => {
    worker.observer.on('newrouter', (router) => {
      router.observer.on('newtransport', (transport) => {
        if (transport.type !== 'webrtc') return;
        // One that has gone needs none.
        transport.setMinOutgoingBitrate(WIDTH).catch(() => undefined);
      });
    });
  });
}
