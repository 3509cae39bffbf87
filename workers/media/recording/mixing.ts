/** A file as it goes into what shows everybody. */
export interface MixedInput {
  readonly kind: 'audio' | 'video';
  /** Pictures of one source of a person have one place. */
  readonly place: string;
  /** After the beginning of the whole, ms. */
  readonly offsetMs: number;
}

const FRAMES_PER_SECOND = 15;
/** Even, as pictures have to be. */
const LARGE = { width: 480, height: 270 };
const SMALL = { width: 320, height: 180 };

/**
 * What ffmpeg does to make one file of these, the input of each by its number: all sound together, all
 * pictures side by side on a black ground. Each begins where it began.
 */
export function mixArguments(inputs: readonly MixedInput[], durationMs: number): string[] {
  const sounds = inputs.flatMap(({ kind }, index) => (kind === 'audio' ? [index] : []));
  const pictures = inputs.flatMap(({ kind }, index) => (kind === 'video' ? [index] : []));
  const filters = [
    ...(sounds.length === 0 ? [] : soundFilters(inputs, sounds)),
    ...(pictures.length === 0 ? [] : pictureFilters(inputs, pictures, durationMs)),
  ];
  const files = inputs.flatMap((_input, index) => {
    // A picture that changes its size half way must not begin the whole anew.
    return ['-reinit_filter', '0', '-thread_queue_size', '512', '-i', `pipe:${index + 3}`];
  });
  const made = [
    ...(pictures.length === 0 ? [] : ['-map', '[picture]', ...PICTURE]),
    ...(sounds.length === 0 ? [] : ['-map', '[sound]', ...SOUND]),
  ];
  const length = (durationMs / 1_000).toFixed(3);
  const filter = filters.join(';');
  return [...files, '-filter_complex', filter, ...made, '-t', length, '-f', 'webm', 'pipe:1'];
}

const PICTURE =
  '-c:v libvpx -pix_fmt yuv420p -deadline realtime -cpu-used 8 -auto-alt-ref 0 -b:v 800k'.split(
    ' ',
  );
const SOUND = '-c:a libopus -b:a 64k'.split(' ');

function soundFilters(inputs: readonly MixedInput[], sounds: readonly number[]): string[] {
  const each = sounds.map((input) => {
    const offset = Math.round(inputs[input]!.offsetMs);
    return `[${input}:a]aresample=48000:async=1,adelay=${offset}|${offset}[s${input}]`;
  });
  const all = sounds.map((input) => `[s${input}]`).join('');
  const count = sounds.length;
  return [...each, `${all}amix=inputs=${count}:duration=longest,volume=${count}[sound]`];
}

function pictureFilters(
  inputs: readonly MixedInput[],
  pictures: readonly number[],
  durationMs: number,
): string[] {
  const places = [...new Set(pictures.map((input) => inputs[input]!.place))];
  const columns = Math.ceil(Math.sqrt(places.length));
  const rows = Math.ceil(places.length / columns);
  const { width, height } = places.length > 4 ? SMALL : LARGE;
  const size = `${columns * width}x${rows * height}`;
  const seconds = (durationMs / 1_000).toFixed(3);
  const ground = `color=black:s=${size}:r=${FRAMES_PER_SECOND}:d=${seconds},format=yuv420p[g0]`;
  const laid = pictures.flatMap((input, index) => {
    const { place, offsetMs } = inputs[input]!;
    const at = places.indexOf(place);
    const [x, y] = [(at % columns) * width, Math.floor(at / columns) * height];
    const offset = (offsetMs / 1_000).toFixed(3);
    const target = index === pictures.length - 1 ? 'picture' : `g${index + 1}`;
    const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease`;
    const centre = `x=${x}+(${width}-w)/2:y=${y}+(${height}-h)/2`;
    return [
      `[${input}:v]${fit},setpts=PTS+${offset}/TB[p${input}]`,
      `[g${index}][p${input}]overlay=${centre}:eof_action=pass[${target}]`,
    ];
  });
  return [ground, ...laid];
}
