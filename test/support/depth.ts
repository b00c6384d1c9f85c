/**
 * How long the long tests run, and by which seed.
 *
 * `npm test` runs a short sample of each, the same one every time. `npm run
 * check:deep` sets `KIMI_CHECK=deep`, which runs them at full length, and
 * `KIMI_SEED` to a new seed, which it prints. Give the same `KIMI_SEED` to
 * repeat its run.
 */
const isDeep = process.env["KIMI_CHECK"] === "deep"
const seed = process.env["KIMI_SEED"]

/** The number of runs: `deep` in a deep check, else `sample`. */
export const runs = ({ deep, sample }: { readonly deep: number; readonly sample: number }): number =>
  isDeep ? deep : sample

/** The seed of the test of this name. */
export const seedOf = (name: string): string => (seed === undefined ? name : `${name} ${seed}`)

/** The time limit of a test in milliseconds; at least half an hour in a deep check. */
export const timeLimit = (millis: number): number => (isDeep ? Math.max(millis, 1_800_000) : millis)
