/**
 * Validation rules for options of stages, caches and stores, with the same
 * texts everywhere, and the error that names every invalid option.
 *
 * An omitted option satisfies every rule; `NaN` satisfies none.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ConfigurationError, type ConfigurationIssue } from "../errors/ConfigurationErrors.ts"
import { nearestTo } from "./config/NearestName.ts"

/**
 * The name of an option, whether it satisfies the rule, and the expected form.
 *
 * @category models
 * @since 0.1.0
 */
export type Rule = readonly [name: string, isMet: boolean, expected: string]

/**
 * Converts a duration from any form. An invalid one becomes zero, which no rule
 * for durations accepts.
 *
 * @category conversions
 * @since 0.1.0
 */
export const durationOf = (input: Duration.Input): Duration.Duration =>
  Option.getOrElse(Duration.fromInput(input), () => Duration.zero)

const isFiniteDuration = (input: Duration.Input | undefined, isMet: (millis: number) => boolean): boolean =>
  input === undefined ||
  Option.exists(Duration.fromInput(input), (time) => Duration.isFinite(time) && isMet(Duration.toMillis(time)))

/**
 * A finite duration over zero.
 *
 * @category rules
 * @since 0.1.0
 */
export const positiveDuration = (name: string, value: Duration.Input | undefined): Rule => [
  name,
  isFiniteDuration(value, (millis) => millis > 0),
  'a finite duration over zero, such as "30 seconds"'
]

/**
 * A finite duration of at least a millisecond.
 *
 * @category rules
 * @since 0.1.0
 */
export const millisecondDuration = (name: string, value: Duration.Input | undefined): Rule => [
  name,
  isFiniteDuration(value, (millis) => millis >= 1),
  'a finite duration of a millisecond or more, such as "1 second"'
]

/**
 * A finite duration, which may be zero.
 *
 * @category rules
 * @since 0.1.0
 */
export const finiteDuration = (name: string, value: Duration.Input | undefined): Rule => [
  name,
  isFiniteDuration(value, (millis) => millis >= 0),
  'a finite duration, such as "30 seconds"'
]

/**
 * A whole number over zero.
 *
 * @category rules
 * @since 0.1.0
 */
export const positiveInteger = (name: string, value: number | undefined): Rule => [
  name,
  value === undefined || (Number.isSafeInteger(value) && value > 0),
  "a finite whole number over zero"
]

/**
 * A whole number of zero or more.
 *
 * @category rules
 * @since 0.1.0
 */
export const countOrZero = (name: string, value: number | undefined): Rule => [
  name,
  value === undefined || (Number.isSafeInteger(value) && value >= 0),
  "a whole number that is not negative"
]

/**
 * A whole number of bytes.
 *
 * @category rules
 * @since 0.1.0
 */
export const bytes = (
  name: string,
  value: number | undefined,
  minimum = 1,
  maximum: number = Number.MAX_SAFE_INTEGER
): Rule => [
  name,
  value === undefined || (Number.isSafeInteger(value) && value >= minimum && value <= maximum),
  maximum === Number.MAX_SAFE_INTEGER
    ? `a finite whole number of bytes, at least ${minimum}`
    : `a whole number of bytes from ${minimum} to ${maximum}`
]

/**
 * A fraction: over 0 and up to 1.
 *
 * @category rules
 * @since 0.1.0
 */
export const fraction = (name: string, value: number | undefined): Rule => [
  name,
  value === undefined || (value > 0 && value <= 1),
  "a number over 0 and up to 1"
]

/**
 * One of some values.
 *
 * @category rules
 * @since 0.1.0
 */
export const oneOf = (name: string, value: unknown, values: ReadonlyArray<string>): Rule => [
  name,
  value === undefined || values.some((one) => one === value),
  `one of ${values.join(", ")}`
]

/**
 * A part of the keys of a store. Braces in it would put the keys of one step on
 * several nodes of a cluster.
 *
 * @category rules
 * @since 0.1.0
 */
export const keyPart = (name: string, value: unknown): Rule => [
  name,
  value === undefined || (typeof value === "string" && /^[^{}]+$/.test(value)),
  "a text without braces, which is not empty"
]

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const notAnObject: Rule = ["options", false, "an object of options"]

/**
 * An option whose name exists. A misspelt one would have no effect, and its
 * default would apply unnoticed. `names` has a member for every option. `path` is
 * that of options in another one.
 *
 * @category rules
 * @since 0.1.0
 */
export const knownNames = (given: object | undefined, names: object, path?: string): ReadonlyArray<Rule> => {
  const pathOf = (name: string): string => (path === undefined ? name : `${path}.${name}`)
  // A text in place of the options, such as a key, has its characters as members.
  if (!isObject(given ?? {})) return [[pathOf(notAnObject[0]), notAnObject[1], notAnObject[2]]]
  const known = Object.keys(names)
  return Object.entries(given ?? {}).flatMap(([name, value]): ReadonlyArray<Rule> => {
    if (value === undefined || Object.hasOwn(names, name)) return []
    const nearest = nearestTo(name.slice(0, 100), known)
    const expected =
      nearest === undefined ? `one of the options ${known.join(", ")}` : `a known option; did you mean ${nearest}?`
    return [[pathOf(name), false, expected]]
  })
}

/**
 * The first option whose name does not exist, with what it must be. Nothing is
 * made where there is none, so that the options of every call can be checked.
 *
 * @category getters
 * @since 0.1.0
 */
export const unknownName = (given: object | undefined, names: object): Rule | undefined =>
  given === undefined || Object.keys(given).every((name) => Object.hasOwn(names, name))
    ? undefined
    : knownNames(given, names)[0]

/**
 * The issue of every violated rule, with the owner's name: `CircuitBreaker slowAfter`.
 *
 * @category getters
 * @since 0.1.0
 */
export const issuesOf = (owner: string, rules: ReadonlyArray<Rule>): ReadonlyArray<typeof ConfigurationIssue.Type> =>
  rules.filter(([, isMet]) => !isMet).map(([name, , expected]) => ({ name: `${owner} ${name}`, expected }))

/**
 * Fails with every violated rule.
 *
 * @category validation
 * @since 0.1.0
 */
export const check = (owner: string, rules: ReadonlyArray<Rule>): Effect.Effect<void, ConfigurationError> => {
  const issues = issuesOf(owner, rules)
  return issues.length === 0 ? Effect.void : Effect.fail(ConfigurationError.of(issues))
}

/** Options that are left out are empty, so that the rules name those that are required. */
const given = <O extends object>(options: O | null | undefined): O => options ?? ({} as O)

/**
 * A layer from its options, which a program in JavaScript can leave out or replace
 * by another value: it fails with an error that names what is missing, instead of
 * a `TypeError`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOf = <O extends object, A, E, R>(
  owner: string,
  options: O | null | undefined,
  make: (options: O) => Layer.Layer<A, E, R>
): Layer.Layer<A, E | ConfigurationError, R> => {
  const known = given(options)
  if (isObject(known)) return make(known)
  return Layer.effectContext(Effect.fail(ConfigurationError.of(issuesOf(owner, [notAnObject]))))
}

/**
 * The same for a layer whose options cannot be wrong in a typed program, so that
 * its type has no error: it ends with the error as a defect.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOrDie = <O extends object, A, E, R>(
  owner: string,
  options: O | null | undefined,
  make: (options: O) => Layer.Layer<A, E, R>
): Layer.Layer<A, E, R> => {
  const known = given(options)
  if (isObject(known)) return make(known)
  return Layer.effectContext(Effect.die(ConfigurationError.of(issuesOf(owner, [notAnObject]))))
}
