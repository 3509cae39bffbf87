import { el, field } from './dom.ts';

export type Mode = 'video' | 'audio' | 'text';

/** What somebody brings into the room; null for what they have not, or do not want to show. */
export interface Devices {
  readonly microphone: MediaStreamTrack | null;
  readonly camera: MediaStreamTrack | null;
}

const HOW_TO_ALLOW = 'To be seen and heard, allow them beside the address and load the page anew.';

type Kind = 'audio' | 'video';

/** What somebody, or their browser's settings, has said no to. */
const denied = new Set<Kind>();

/** Whether it was not allowed when it was asked for last. */
export function wasDenied(kind: Kind): boolean {
  return denied.has(kind);
}

/** Asks for camera and microphone, each for itself: one may be missing. */
export async function openTrack(mode: Kind, deviceId?: string): Promise<MediaStreamTrack | null> {
  const wish = deviceId === undefined || deviceId === '' ? {} : { deviceId: { exact: deviceId } };
  try {
    const stream = await navigator.mediaDevices.getUserMedia(
      mode === 'audio'
        ? { audio: { echoCancellation: true, noiseSuppression: true, ...wish } }
        : { video: { width: { ideal: 1280 }, height: { ideal: 720 }, ...wish } },
    );
    denied.delete(mode);
    return stream.getTracks()[0] ?? null;
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === 'NotAllowedError') denied.add(mode);
    else denied.delete(mode);
    return null;
  }
}

/** None where the browser keeps them from the page, as it does without https. */
async function listDevices(): Promise<MediaDeviceInfo[]> {
  try {
    return await navigator.mediaDevices.enumerateDevices();
  } catch {
    return [];
  }
}

function meterOf(track: MediaStreamTrack, meter: HTMLMeterElement): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Uint8Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getByteTimeDomainData(samples);
    meter.value = Math.max(...samples.map((each) => Math.abs(each - 128))) / 128;
  }, 100);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

/**
 * Shows what the others will see and hear, lets choose, and resolves when somebody is ready. Nobody is
 * asked for what the session has no use for.
 */
export async function checkDevices(page: HTMLElement, mode: Mode): Promise<Devices> {
  if (mode === 'text') return { microphone: null, camera: null };
  const hasPicture = mode === 'video';
  let microphone = await openTrack('audio');
  let camera = hasPicture ? await openTrack('video') : null;
  const preview = el('video', { autoplay: true, muted: true, playsinline: true });
  const level = el('meter', { min: '0', max: '1', 'aria-label': 'Your microphone' });
  const status = el('p', { role: 'status' });
  let stopMeter = (): void => undefined;
  const refresh = (): void => {
    preview.srcObject = camera === null ? null : new MediaStream([camera]);
    preview.muted = true;
    stopMeter();
    stopMeter = microphone === null ? () => undefined : meterOf(microphone, level);
    const missing = [
      hasPicture && camera === null ? 'camera' : '',
      microphone === null ? 'microphone' : '',
    ];
    const names = missing.filter((name) => name !== '').join(' and ');
    const help = denied.size > 0 ? ` ${HOW_TO_ALLOW}` : '';
    status.textContent =
      names === '' ? '' : `Without ${names}. You can come in all the same.${help}`;
  };
  const all = await listDevices();
  const choice = (kind: MediaDeviceKind, change: (id: string) => Promise<void>): HTMLElement => {
    const options = all
      .filter((each) => each.kind === kind)
      .map(({ deviceId, label }) => el('option', { value: deviceId }, label === '' ? kind : label));
    const select = el('select', {}, ...options);
    select.addEventListener('change', () => void change(select.value).then(refresh));
    return select;
  };
  const cameras = choice('videoinput', async (id) => {
    camera?.stop();
    camera = await openTrack('video', id);
  });
  const microphones = choice('audioinput', async (id) => {
    microphone?.stop();
    microphone = await openTrack('audio', id);
  });
  refresh();
  return new Promise((resolve) => {
    const go = el('button', { class: 'main', type: 'button' }, 'Join');
    go.addEventListener('click', () => {
      stopMeter();
      resolve({ microphone, camera });
    });
    const tile = el('figure', { class: 'tile' }, preview);
    page.replaceChildren(
      el('h1', {}, 'Ready?'),
      ...(hasPicture ? [tile] : []),
      status,
      ...(hasPicture ? [field('Camera', cameras)] : []),
      field('Microphone', microphones),
      level,
      el('div', { class: 'bar' }, go),
    );
    go.focus();
  });
}
