/**
 * Random values from one source.
 */
import type { Random } from "effect"

export type Chance = Random.Random

/** A whole number from `from` to `to`, both included. */
export const between = (chance: Chance, from: number, to: number): number =>
  from + Math.floor(chance.nextDoubleUnsafe() * (to - from + 1))

export const oneOf = <A>(chance: Chance, ...[first, ...rest]: readonly [A, ...ReadonlyArray<A>]): A =>
  rest[between(chance, -1, rest.length - 1)] ?? first

/** True with this probability. */
export const happens = (chance: Chance, part: number): boolean => chance.nextDoubleUnsafe() < part
