export type Hsl = readonly [hue: number, saturation: number, lightness: number];

/** The colours of a landscape, and what there is in it. */
export interface Mood {
  readonly name: string;
  /** From the top of the sky to the horizon. */
  readonly sky: readonly [Hsl, Hsl, Hsl];
  readonly light: Hsl;
  /** How high the sun or the moon stands: 0 at the horizon, 1 at the top. */
  readonly height: readonly [low: number, high: number];
  readonly far: Hsl;
  readonly near: Hsl;
  readonly stars?: boolean;
  readonly moon?: boolean;
  readonly trees?: boolean;
}

export const moods: readonly Mood[] = [
  {
    name: 'dawn',
    sky: [
      [228, 42, 44],
      [335, 58, 72],
      [36, 95, 80],
    ],
    light: [46, 100, 92],
    height: [0.02, 0.22],
    far: [312, 30, 66],
    near: [256, 42, 17],
  },
  {
    name: 'lagoon',
    sky: [
      [202, 72, 46],
      [190, 66, 66],
      [168, 62, 86],
    ],
    light: [52, 100, 95],
    height: [0.35, 0.75],
    far: [188, 42, 62],
    near: [196, 62, 15],
  },
  {
    name: 'dusk',
    sky: [
      [258, 46, 24],
      [328, 58, 46],
      [20, 94, 64],
    ],
    light: [32, 100, 78],
    height: [0.02, 0.2],
    far: [330, 38, 48],
    near: [268, 46, 10],
    trees: true,
  },
  {
    name: 'meadow',
    sky: [
      [208, 68, 58],
      [198, 72, 76],
      [52, 76, 88],
    ],
    light: [50, 100, 94],
    height: [0.4, 0.8],
    far: [172, 28, 64],
    near: [118, 42, 19],
    trees: true,
  },
  {
    name: 'night',
    sky: [
      [234, 56, 9],
      [230, 50, 19],
      [216, 48, 34],
    ],
    light: [48, 44, 92],
    height: [0.45, 0.85],
    far: [222, 36, 30],
    near: [232, 52, 6],
    stars: true,
    moon: true,
    trees: true,
  },
  {
    name: 'desert',
    sky: [
      [24, 72, 58],
      [36, 86, 72],
      [46, 92, 86],
    ],
    light: [48, 100, 94],
    height: [0.15, 0.55],
    far: [22, 52, 66],
    near: [10, 62, 20],
  },
  {
    name: 'forest',
    sky: [
      [176, 30, 58],
      [140, 24, 78],
      [64, 46, 90],
    ],
    light: [58, 90, 94],
    height: [0.3, 0.7],
    far: [158, 24, 62],
    near: [162, 52, 9],
    trees: true,
  },
  {
    name: 'winter',
    sky: [
      [216, 44, 62],
      [208, 46, 80],
      [24, 62, 90],
    ],
    light: [38, 100, 94],
    height: [0.1, 0.5],
    far: [210, 34, 80],
    near: [220, 38, 26],
    trees: true,
  },
  {
    name: 'rose',
    sky: [
      [286, 36, 52],
      [342, 66, 76],
      [14, 92, 88],
    ],
    light: [24, 100, 94],
    height: [0.08, 0.4],
    far: [338, 42, 72],
    near: [318, 44, 22],
  },
  {
    name: 'ember',
    sky: [
      [352, 62, 22],
      [10, 78, 44],
      [34, 98, 62],
    ],
    light: [44, 100, 82],
    height: [0.02, 0.25],
    far: [8, 58, 44],
    near: [346, 62, 9],
    trees: true,
  },
  {
    name: 'moonrise',
    sky: [
      [206, 62, 12],
      [196, 52, 28],
      [172, 42, 52],
    ],
    light: [60, 60, 93],
    height: [0.15, 0.5],
    far: [192, 38, 36],
    near: [204, 62, 7],
    stars: true,
    moon: true,
  },
  {
    name: 'lavender',
    sky: [
      [244, 44, 58],
      [266, 56, 76],
      [318, 62, 90],
    ],
    light: [50, 100, 95],
    height: [0.15, 0.6],
    far: [262, 36, 70],
    near: [266, 44, 20],
  },
];
