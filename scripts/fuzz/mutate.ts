/** Makes an input from the samples of a target. */
import type { Random } from "effect/Random"
import { type Target, toBytes } from "./Target.ts"

type Mutation = (input: Uint8Array, target: Target, random: Random) => Uint8Array

/** Longest input in bytes, so that the time of an input is bounded by its decoder. */
export const maxInputBytes = 16_384
const maxMutations = 8

/** A whole number from 0 to below `limit`, and 0 for a limit of 0. */
const below = (random: Random, limit: number): number => Math.floor(random.nextDoubleUnsafe() * limit)

const pick = <A>(random: Random, all: ReadonlyArray<A>): A | undefined => all[below(random, all.length)]

const concat = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

const insert = (input: Uint8Array, at: number, bytes: Uint8Array): Uint8Array =>
  concat(input.subarray(0, at), bytes, input.subarray(at))

const range = (random: Random, { length }: Uint8Array): readonly [start: number, end: number] => {
  const start = below(random, length)
  return [start, Math.min(length, start + 1 + below(random, 64))]
}

const randomBytes = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => below(random, 256))

const mutations: ReadonlyArray<Mutation> = [
  // Change a bit, or a byte.
  (input, _, random) => {
    const changed = input.slice()
    const at = below(random, input.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << below(random, 8))
    return changed
  },
  (input, _, random) => {
    const changed = input.slice()
    changed[below(random, input.length)] = below(random, 256)
    return changed
  },
  // Remove a range, or the rest.
  (input, _, random) => {
    const [start, end] = range(random, input)
    return concat(input.subarray(0, start), input.subarray(end))
  },
  (input, _, random) => input.subarray(0, below(random, input.length)),
  // Repeat a range, once or many times.
  (input, _, random) => {
    const [start, end] = range(random, input)
    const times = below(random, 10) === 0 ? 200 : 1
    return insert(input, end, concat(...Array.from({ length: times }, () => input.subarray(start, end))))
  },
  // Insert bytes, or a token; replace a range by a token.
  (input, _, random) => insert(input, below(random, input.length), randomBytes(random, 1 + below(random, 8))),
  (input, { tokens }, random) => insert(input, below(random, input.length), toBytes(pick(random, tokens) ?? "")),
  (input, { tokens }, random) => {
    const [start, end] = range(random, input)
    return concat(input.subarray(0, start), toBytes(pick(random, tokens) ?? ""), input.subarray(end))
  },
  // Continue with the end of another sample.
  (input, { samples }, random) => {
    const other = pick(random, samples) ?? input
    return concat(input.subarray(0, below(random, input.length)), other.subarray(below(random, other.length)))
  }
]

/** Input without a sample: bytes, or tokens in any order. */
const fromNothing = ({ tokens }: Target, random: Random): Uint8Array =>
  below(random, 2) === 0
    ? randomBytes(random, below(random, 256))
    : concat(...Array.from({ length: below(random, 32) }, () => toBytes(pick(random, tokens) ?? "")))

/** The next input of a target. One of ten has no sample, and one of fifty is a sample as it is. */
export const nextInput = (target: Target, random: Random): Uint8Array => {
  let input = below(random, 10) === 0 ? fromNothing(target, random) : (pick(random, target.samples) ?? new Uint8Array())
  const count = below(random, 50) === 0 ? 0 : 1 + below(random, maxMutations)
  for (let index = 0; index < count; index++) input = pick(random, mutations)?.(input, target, random) ?? input
  return input.slice(0, maxInputBytes)
}
