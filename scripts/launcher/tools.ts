import type { LauncherSettings } from '../../config/launcher-settings.ts';
import { checkFfmpeg, provideFfmpeg } from '../provision/ffmpeg.ts';
import { checkMediaWorker, provideMediaWorker } from '../provision/media-worker.ts';
import { messageOf } from '../provision/progress.ts';
import { provideTemporalCli } from '../provision/temporal-tools.ts';
import type { Tools } from './launcher.ts';

/** Without a media worker there is no video, without ffmpeg no recording, and all else works. */
export async function provideTools(settings: LauncherSettings): Promise<Omit<Tools, 'speech'>> {
  const missing = (fault: unknown): { missing: string } => ({ missing: messageOf(fault) });
  const media = workerOf(settings).catch(missing);
  // One after another: two installations of system packages would be in each other's way.
  const recorder = media.then(() => ffmpegOf(settings).catch(missing));
  const [temporalCli, mediaWorker, ffmpeg] = await Promise.all([
    settings.temporalAddress === null ? provideTemporalCli() : null,
    media,
    recorder,
  ]);
  return { temporalCli, mediaWorker, ffmpeg };
}

function workerOf({ mediaWorkerBin }: LauncherSettings): Promise<string> {
  return mediaWorkerBin === null ? provideMediaWorker() : checkMediaWorker(mediaWorkerBin);
}

function ffmpegOf({ ffmpegBin }: LauncherSettings): Promise<string> {
  return ffmpegBin === null ? provideFfmpeg() : checkFfmpeg(ffmpegBin);
}
