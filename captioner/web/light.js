// @ts-check
/** A grid of attention as light on a picture: dark except where there is much of it. */

const FINE = 96; // pixels on a side; the browser smooths them over the picture
const DARKEST = 0.82;
const SOFT = 0.7; // below 1, fainter attention is brighter than its share

/**
 * Draw a grid, given row by row, over the whole of a canvas.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} grid
 * @param {number} side cells on a side of the grid
 */
export function drawLight(canvas, grid, side) {
  canvas.width = FINE;
  canvas.height = FINE;
  const context = canvas.getContext("2d");
  if (!context) return;
  const light = brightness(grid, side, FINE);
  const pixels = context.createImageData(FINE, FINE);
  light.forEach((each, at) => {
    pixels.data[4 * at + 3] = Math.round(255 * DARKEST * (1 - each));
  });
  context.putImageData(pixels, 0, 0);
}

/**
 * Spread a grid smoothly over more pixels, by a cubic B-spline each way; the most is 1.
 *
 * @param {number[]} grid
 * @param {number} side
 * @param {number} fine pixels on a side
 * @returns {Float32Array}
 */
export function brightness(grid, side, fine) {
  const weights = Array.from({ length: fine }, (_, pixel) => weightsAt(pixel, side, fine));
  const spread = new Float32Array(fine * fine);
  let most = 0;
  for (let y = 0; y < fine; y += 1) {
    for (let x = 0; x < fine; x += 1) {
      let sum = 0;
      for (const [row, down] of weights[y]) {
        for (const [column, across] of weights[x]) sum += down * across * grid[row * side + column];
      }
      spread[y * fine + x] = sum;
      most = Math.max(most, sum);
    }
  }
  return spread.map((each) => (most > 0 ? (each / most) ** SOFT : 0));
}

/**
 * Which cells a pixel takes its value from, and how much of each; beyond the edge the last counts.
 *
 * @param {number} pixel
 * @param {number} side
 * @param {number} fine
 * @returns {[number, number][]}
 */
function weightsAt(pixel, side, fine) {
  const at = ((pixel + 0.5) * side) / fine - 0.5;
  const cell = Math.floor(at);
  const t = at - cell;
  const shares = [
    (1 - t) ** 3,
    3 * t ** 3 - 6 * t ** 2 + 4,
    -3 * t ** 3 + 3 * t ** 2 + 3 * t + 1,
    t ** 3,
  ];
  return shares.map((share, step) => {
    const near = Math.min(side - 1, Math.max(0, cell - 1 + step));
    return [near, share / 6];
  });
}
