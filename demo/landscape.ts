import type { Hsl, Mood } from './landscape-moods.ts';

export const WIDTH = 480;
export const HEIGHT = 360;

type Random = () => number;

/** Fills the canvas with the landscape of this mood and seed. */
export function drawLandscape(context: CanvasRenderingContext2D, mood: Mood, seed: number): void {
  const random = randomFrom(seed);
  const turn = (random() - 0.5) * 26;
  const horizon = HEIGHT * (0.52 + random() * 0.12);
  const water = random() < 0.34;
  drawSky(context, mood, turn, horizon);
  if (mood.stars) drawStars(context, random, horizon);
  drawLight(context, mood, turn, horizon, random);
  if (!mood.stars) drawClouds(context, mood, turn, horizon, random);
  drawHills(context, mood, turn, horizon, water, random);
  if (!mood.stars && random() < 0.4) drawBirds(context, mood, turn, horizon, random);
  if (water) drawWater(context, mood, turn, random);
  drawVignette(context);
}

function drawSky(context: CanvasRenderingContext2D, { sky }: Mood, turn: number, horizon: number): void {
  const gradient = context.createLinearGradient(0, 0, 0, horizon * 1.08);
  for (const [index, colour] of sky.entries()) gradient.addColorStop(index / 2, css(colour, { turn }));
  context.fillStyle = gradient;
  context.fillRect(0, 0, WIDTH, HEIGHT);
}

function drawStars(context: CanvasRenderingContext2D, random: Random, horizon: number): void {
  context.fillStyle = 'white';
  for (let star = 0; star < 110; star++) {
    const height = random() ** 1.5;
    context.globalAlpha = (0.25 + random() * 0.7) * (1 - height * 0.8);
    disc(context, random() * WIDTH, height * horizon, 0.4 + random() ** 4 * 1.3);
  }
  context.globalAlpha = 1;
}

function drawLight(
  context: CanvasRenderingContext2D,
  { light, height, moon }: Mood,
  turn: number,
  horizon: number,
  random: Random,
): void {
  const x = WIDTH * (0.18 + random() * 0.64);
  const [low, high] = height;
  const y = horizon * (1 - (low + random() * (high - low))) * 0.92;
  const radius = 15 + random() * 17;
  const reach = radius * (moon ? 6 : 9);
  const glow = context.createRadialGradient(x, y, radius * 0.6, x, y, reach);
  glow.addColorStop(0, css(light, { turn: turn / 3, alpha: moon ? 0.4 : 0.75 }));
  glow.addColorStop(0.35, css(light, { turn: turn / 3, alpha: moon ? 0.1 : 0.25 }));
  glow.addColorStop(1, css(light, { turn: turn / 3, alpha: 0 }));
  context.fillStyle = glow;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = css(light, { turn: turn / 3 });
  disc(context, x, y, radius);
  if (!moon) return;
  context.save();
  context.beginPath();
  context.arc(x, y, radius, 0, Math.PI * 2);
  context.clip();
  context.fillStyle = css(light, { turn, lighter: -14, alpha: 0.45 });
  for (const [dx, dy, size] of [
    [-0.3, -0.2, 0.3],
    [0.3, 0.35, 0.22],
    [0.1, -0.5, 0.16],
    [-0.4, 0.45, 0.18],
  ] as const) {
    disc(context, x + dx * radius, y + dy * radius, size * radius);
  }
  context.restore();
}

function drawClouds(
  context: CanvasRenderingContext2D,
  { sky, light }: Mood,
  turn: number,
  horizon: number,
  random: Random,
): void {
  const clouds = Math.floor(random() * 6);
  for (let cloud = 0; cloud < clouds; cloud++) {
    const y = horizon * (0.15 + random() * 0.65);
    const x = random() * WIDTH;
    const length = 70 + random() * 150;
    context.fillStyle = css(random() < 0.6 ? light : sky[2], {
      turn: turn / 2,
      alpha: 0.1 + random() * 0.12,
    });
    for (let streak = 0; streak < 5; streak++) {
      const width = length * (0.3 + random() * 0.7);
      context.beginPath();
      context.ellipse(
        x + (random() - 0.5) * length * 0.7,
        y + (random() - 0.5) * 9,
        width / 2,
        2 + random() * 4,
        0,
        0,
        7,
      );
      context.fill();
    }
  }
}

function drawHills(
  context: CanvasRenderingContext2D,
  { far, near, sky, trees }: Mood,
  turn: number,
  horizon: number,
  water: boolean,
  random: Random,
): void {
  const layers = 5 + Math.floor(random() * 2);
  // A lake wants its shore in the far half.
  const bottom = water ? HEIGHT * 0.74 : HEIGHT * 0.96;
  for (let layer = 0; layer < layers; layer++) {
    const depth = layer / (layers - 1);
    const base = horizon + (bottom - horizon) * depth ** 1.15;
    const ridge = ridgeLine(random, base, 46 - 18 * depth, 90 + 130 * depth);
    const colour = mix(far, near, depth);
    const mist = context.createLinearGradient(0, base - 50, 0, base + 90);
    mist.addColorStop(0, css(colour, { turn }));
    mist.addColorStop(1, css(mix(colour, sky[2], 0.42 * (1 - depth)), { turn }));
    context.fillStyle = mist;
    context.beginPath();
    context.moveTo(0, HEIGHT);
    for (let x = 0; x <= WIDTH; x += 2) context.lineTo(x, ridge(x));
    context.lineTo(WIDTH, HEIGHT);
    context.fill();
    if (trees && depth > 0.45) {
      context.fillStyle = css(colour, { turn, lighter: -1 });
      drawTrees(context, ridge, depth, random);
    }
  }
}

/** A smooth line of hills: three octaves of value noise. */
function ridgeLine(random: Random, base: number, height: number, wavelength: number): (x: number) => number {
  const octaves = [0, 1, 2].map((octave) => {
    const values = Array.from({ length: 24 }, random);
    const step = wavelength / 2 ** octave;
    return (x: number) => {
      const at = Math.floor(x / step);
      const part = x / step - at;
      const [from = 0, to = 0] = [values[at % 24], values[(at + 1) % 24]];
      return (from + (to - from) * part * part * (3 - 2 * part) - 0.5) / 2 ** octave;
    };
  });
  return (x) => base - height * octaves.reduce((sum, octave) => sum + octave(x), 0.25);
}

function drawTrees(
  context: CanvasRenderingContext2D,
  ridge: (x: number) => number,
  depth: number,
  random: Random,
): void {
  const size = 7 + 26 * depth ** 2;
  for (let x = random() * 10; x < WIDTH; x += size * (0.25 + random() * (random() < 0.2 ? 5 : 0.8))) {
    const height = size * (0.6 + random() * 0.7);
    const foot = ridge(x) + 3;
    context.beginPath();
    for (let tier = 0; tier < 3; tier++) {
      const top = foot - height * (0.42 + tier * 0.29);
      const half = height * (0.24 - tier * 0.055);
      context.moveTo(x, top - height * 0.14);
      context.lineTo(x + half, top + height * 0.32);
      context.lineTo(x - half, top + height * 0.32);
    }
    context.rect(x - height * 0.03, foot - height * 0.2, height * 0.06, height * 0.24);
    context.fill();
  }
}

function drawBirds(
  context: CanvasRenderingContext2D,
  { near }: Mood,
  turn: number,
  horizon: number,
  random: Random,
): void {
  const x = WIDTH * (0.2 + random() * 0.6);
  const y = horizon * (0.25 + random() * 0.35);
  context.strokeStyle = css(near, { turn, alpha: 0.65 });
  context.lineWidth = 1.3;
  for (let bird = 0; bird < 4 + random() * 4; bird++) {
    const wing = 3 + random() * 3;
    const left = x + (random() - 0.5) * 80;
    const top = y + (random() - 0.5) * 40;
    context.beginPath();
    context.moveTo(left - wing, top - wing * 0.5);
    context.quadraticCurveTo(left - wing * 0.3, top - wing * 0.6, left, top);
    context.quadraticCurveTo(left + wing * 0.3, top - wing * 0.6, left + wing, top - wing * 0.5);
    context.stroke();
  }
}

/** A lake that mirrors what is above its shore. */
function drawWater(
  context: CanvasRenderingContext2D,
  { sky, near }: Mood,
  turn: number,
  random: Random,
): void {
  const shore = Math.round(HEIGHT * 0.76);
  const depth = HEIGHT - shore;
  context.save();
  context.translate(0, shore);
  context.scale(1, -1);
  context.drawImage(context.canvas, 0, shore - depth * 2, WIDTH, depth * 2, 0, -depth, WIDTH, depth);
  context.restore();
  const tint = context.createLinearGradient(0, shore, 0, HEIGHT);
  tint.addColorStop(0, css(sky[2], { turn, alpha: 0.3 }));
  tint.addColorStop(1, css(mix(sky[0], near, 0.5), { turn, alpha: 0.62 }));
  context.fillStyle = tint;
  context.fillRect(0, shore, WIDTH, depth);
  for (let glint = 0; glint < 46; glint++) {
    const nearness = random() ** 1.4;
    context.fillStyle = css(sky[2], { turn, lighter: 8, alpha: 0.07 + random() * 0.2 });
    context.fillRect(
      random() * WIDTH - 20,
      shore + 2 + nearness * depth,
      12 + random() * 60 * (0.3 + nearness),
      0.8 + nearness,
    );
  }
}

function drawVignette(context: CanvasRenderingContext2D): void {
  const shade = context.createRadialGradient(
    WIDTH / 2,
    HEIGHT / 2,
    HEIGHT * 0.5,
    WIDTH / 2,
    HEIGHT / 2,
    HEIGHT * 0.95,
  );
  shade.addColorStop(0, 'rgb(0 0 0 / 0)');
  shade.addColorStop(1, 'rgb(0 0 0 / 0.2)');
  context.fillStyle = shade;
  context.fillRect(0, 0, WIDTH, HEIGHT);
}

function disc(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, Math.PI * 2);
  context.fill();
}

function css([hue, saturation, lightness]: Hsl, { turn = 0, lighter = 0, alpha = 1 } = {}): string {
  return `hsl(${(hue + turn + 360) % 360} ${saturation}% ${Math.max(0, Math.min(100, lightness + lighter))}% / ${alpha})`;
}

/** Hues go the short way round. */
function mix(from: Hsl, to: Hsl, part: number): Hsl {
  const way = ((to[0] - from[0] + 540) % 360) - 180;
  return [from[0] + way * part, from[1] + (to[1] - from[1]) * part, from[2] + (to[2] - from[2]) * part];
}

/** Mulberry32: small, seeded, and good enough for hills. */
function randomFrom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
