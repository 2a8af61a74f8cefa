import type { PictureEvent } from './import-run.ts';

const THUMBNAIL_WIDTH = 240;
const THUMBNAIL_HEIGHT = 180;
const NO_PICTURE = 'not a picture';
const DAMAGED = 'cannot be decoded';

/** The event that a file becomes. A file that is no picture becomes one, too: the import goes on. */
export async function examinePicture(file: File | undefined, picture: number): Promise<PictureEvent> {
  const refused = (reason: string): PictureEvent => ({ type: 'refused', picture, reason });
  if (!file) return refused('missing');
  if (file.size === 0) return refused('empty');

  let bytes: ArrayBuffer;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    return refused('cannot be read');
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return refused(file.type.startsWith('image/') ? DAMAGED : NO_PICTURE);
  }
  const { width, height } = bitmap;
  const sha256 = hex(await crypto.subtle.digest('SHA-256', bytes));
  const { thumbnail, colour } = await shrink(bitmap);
  bitmap.close();
  return { type: 'imported', picture, sha256, width, height, colour, thumbnail };
}

async function shrink(bitmap: ImageBitmap): Promise<{ thumbnail: Uint8Array<ArrayBuffer>; colour: string }> {
  const scale = Math.min(1, THUMBNAIL_WIDTH / bitmap.width, THUMBNAIL_HEIGHT / bitmap.height);
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser gives a Worker no canvas to draw a thumbnail on.');
  // A JPEG has no transparency.
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  const colour = dominantColour(context.getImageData(0, 0, width, height).data);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.82 });
  return { thumbnail: new Uint8Array(await blob.arrayBuffer()), colour };
}

/** The mean of the pixels in the fullest of 8 x 8 x 8 buckets. */
function dominantColour(pixels: Uint8ClampedArray): string {
  const buckets = new Map<number, { count: number; red: number; green: number; blue: number }>();
  let fullest = { count: 0, red: 0, green: 0, blue: 0 };
  for (let at = 0; at + 2 < pixels.length; at += 4) {
    const [red = 0, green = 0, blue = 0] = [pixels[at], pixels[at + 1], pixels[at + 2]];
    const key = ((red >> 5) << 6) | ((green >> 5) << 3) | (blue >> 5);
    const bucket = buckets.get(key) ?? { count: 0, red: 0, green: 0, blue: 0 };
    bucket.count++;
    bucket.red += red;
    bucket.green += green;
    bucket.blue += blue;
    buckets.set(key, bucket);
    if (bucket.count > fullest.count) fullest = bucket;
  }
  const { count, red, green, blue } = fullest;
  return `#${hex(Uint8Array.of(red / count, green / count, blue / count).buffer)}`;
}

const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
