import { drawLandscape, HEIGHT, WIDTH } from './landscape.ts';
import { moods } from './landscape-moods.ts';

// The page draws its sample pictures itself, from seeds: the same every time, and nothing is downloaded.

export const SAMPLE_COUNT = 60;

/** @param onDrawn Called after each picture with the number of those that are drawn. */
export async function drawSamplePictures(onDrawn: (drawn: number) => void): Promise<File[]> {
  const files: File[] = [];
  for (let index = 0; index < SAMPLE_COUNT; index++) {
    files.push(await drawSamplePicture(index));
    onDrawn(files.length);
  }
  return files;
}

async function drawSamplePicture(index: number): Promise<File> {
  const mood = moods[index % moods.length];
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d');
  if (!mood || !context) throw new Error('This browser gives the page no canvas to draw on.');
  drawLandscape(context, mood, index + 1);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.9));
  if (!blob) throw new Error('This browser cannot write a picture.');
  const name = `${mood.name}-${String(index + 1).padStart(2, '0')}.jpg`;
  return new File([blob], name, { type: 'image/jpeg', lastModified: 0 });
}
