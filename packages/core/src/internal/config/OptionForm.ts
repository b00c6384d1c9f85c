/**
 * The form of an option: how it is read from the text of a source, from the
 * data of a JSON document and from code, and how that form is described to
 * people.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { durationCodec, expandUnit, formatBytes, formatDuration } from "./QuantityText.ts"

/**
 * A part of an option that cannot be used. It never holds the value that was
 * given.
 *
 * @category models
 * @since 0.1.0
 */
export interface Problem {
  /** Where in the option, to be added to its name: `[1].currency`, or empty for the option as a whole. */
  readonly at: string
  readonly expected: string
}

/**
 * @category models
 * @since 0.1.0
 */
export type Decoded<A> = Result.Result<A, ReadonlyArray<Problem>>

/**
 * @category models
 * @since 0.1.0
 */
export interface OptionForm<A, Input = A> {
  /** The expected form, in words. */
  readonly expected: string
  /** The words of which a source contains one, where a command suggests them. */
  readonly words?: ReadonlyArray<string> | undefined
  /** Reads what a source holds: a text, or the plain data of a JSON document. */
  readonly fromSource: (found: unknown) => Decoded<A>
  /** Reads what code gives. */
  readonly fromInput: (input: unknown) => Decoded<A>
  /** The value as people write it. */
  format(value: A): string
  /** What code may give; a type only. */
  readonly Input?: Input | undefined
}

const invalid = (expected: string): Decoded<never> => Result.fail([{ at: "", expected }])

/**
 * The form of a codec between a text and a value. Code gives the value itself.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromCodec = <A>(
  codec: Schema.Codec<A, string>,
  expected: string,
  format: (value: A) => string = String
): OptionForm<A> => {
  // Most options of a program are never given: a codec is compiled when its option is.
  let decode: ((found: unknown) => Option.Option<A>) | undefined
  let is: ((input: unknown) => input is A) | undefined
  return {
    expected,
    fromSource: (found) => {
      decode ??= Schema.decodeUnknownOption(codec)
      const decoded = decode(found)
      return Option.isSome(decoded) ? Result.succeed(decoded.value) : invalid(expected)
    },
    fromInput: (input) => {
      is ??= Schema.is(Schema.toType(codec))
      return is(input) ? Result.succeed(input) : invalid(expected)
    },
    format
  }
}

/** A form of which code gives the value in one of several ways. */
const withInput = <A, Input>(
  form: OptionForm<A, A>,
  fromInput: (input: unknown) => Option.Option<A>
): OptionForm<A, Input> => ({
  expected: form.expected,
  fromSource: form.fromSource,
  fromInput: (input) =>
    Option.match(fromInput(input), { onNone: () => invalid(form.expected), onSome: form.fromInput }),
  format: form.format
})

/**
 * A form that is read by a custom function, which takes the text of a
 * source as well as the data that JSON or code gives.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parsed = <A, Input>(form: {
  readonly expected: string
  readonly parse: (found: unknown) => Decoded<A>
  readonly format: (value: A) => string
}): OptionForm<A, Input> => ({
  expected: form.expected,
  fromSource: form.parse,
  fromInput: form.parse,
  format: form.format
})

const durationOf = (input: unknown): Option.Option<Duration.Duration> => Duration.fromInput(input as Duration.Input)

/**
 * A finite duration over zero. Code gives it in any form that Effect accepts.
 *
 * @category forms
 * @since 0.1.0
 */
export const duration: OptionForm<Duration.Duration, Duration.Input> = withInput(
  fromCodec(durationCodec, 'a finite duration over zero, such as "30 seconds"', formatDuration),
  durationOf
)

/**
 * The same, of at least a millisecond.
 *
 * @category forms
 * @since 0.1.0
 */
export const millisecondDuration: OptionForm<Duration.Duration, Duration.Input> = withInput(
  fromCodec(
    durationCodec.check(Schema.makeFilter((value) => Duration.toMillis(value) >= 1)),
    'a finite duration of a millisecond or more, such as "1 second"',
    formatDuration
  ),
  durationOf
)

/** A blank text would be zero. */
const numberCodec = Schema.String.check(Schema.isPattern(/\S/)).pipe(Schema.decodeTo(Schema.NumberFromString))

/**
 * A number that a rule accepts.
 *
 * @category forms
 * @since 0.1.0
 */
export const number = (
  isValid: (value: number) => boolean,
  expected: string,
  format: (value: number) => string = String
): OptionForm<number> => fromCodec(numberCodec.check(Schema.makeFilter(isValid)), expected, format)

const isPositiveInteger = (value: number): boolean => Number.isSafeInteger(value) && value > 0

/**
 * @category forms
 * @since 0.1.0
 */
export const count: OptionForm<number> = number(isPositiveInteger, "a finite whole number over zero")

/**
 * A whole number of zero or more.
 *
 * @category forms
 * @since 0.1.0
 */
export const countOrZero: OptionForm<number> = number(
  (value) => Number.isSafeInteger(value) && value >= 0,
  "a whole number that is not negative"
)

const plainBytes = number(isPositiveInteger, 'a finite whole number of bytes over zero, such as "32 MiB"', formatBytes)

/**
 * A size: a number of bytes, in a source also with the unit KiB, MiB or GiB.
 *
 * @category forms
 * @since 0.1.0
 */
export const bytes: OptionForm<number> = {
  ...plainBytes,
  fromSource: (found) => plainBytes.fromSource(typeof found === "string" ? expandUnit(found) : found)
}

/**
 * A number over 0 and up to 1.
 *
 * @category forms
 * @since 0.1.0
 */
export const fraction: OptionForm<number> = number((value) => value > 0 && value <= 1, "a number over 0 and up to 1")

/**
 * A finite number of zero or more.
 *
 * @category forms
 * @since 0.1.0
 */
export const amount: OptionForm<number> = number(
  (value) => Number.isFinite(value) && value >= 0,
  "a finite number that is not negative"
)

/**
 * A form with the word `off` in addition to its values.
 *
 * @category combinators
 * @since 0.1.0
 */
export const orOff = <A>(form: OptionForm<A>): OptionForm<A | "off"> => {
  const expected = `${form.expected}, or off`
  const read = (decode: (given: unknown) => Decoded<A>) => (given: unknown) =>
    given === "off" ? Result.succeed<"off">("off") : Result.mapError(decode(given), () => [{ at: "", expected }])
  return {
    expected,
    fromSource: read(form.fromSource),
    fromInput: read(form.fromInput),
    format: (value) => (value === "off" ? "off" : form.format(value as A))
  }
}

const booleanCodec = <const Words extends readonly [string, ...Array<string>]>(words: Words, isOn: string) =>
  Schema.Literals(words).pipe(
    Schema.decodeTo(
      Schema.Boolean,
      SchemaTransformation.transform({
        decode: (text) => text === "true" || text === isOn,
        encode: (value): Words[number] => (value ? "true" : "false")
      })
    )
  )

/**
 * `true` or `false`.
 *
 * @category forms
 * @since 0.1.0
 */
export const flag: OptionForm<boolean> = fromCodec(booleanCodec(["true", "false"], "true"), "true or false")

/**
 * `on` or `off`, or `true` or `false`.
 *
 * @category forms
 * @since 0.1.0
 */
export const toggle: OptionForm<boolean> = fromCodec(
  booleanCodec(["on", "off", "true", "false"], "on"),
  "on or off",
  (value) => (value ? "on" : "off")
)

/**
 * One of several words.
 *
 * @category forms
 * @since 0.1.0
 */
export const words = <const Words extends ReadonlyArray<string>>(
  literals: Words,
  expected: string = `${literals.slice(0, -1).join(", ")} or ${literals.at(-1)}`
): OptionForm<Words[number]> => ({ ...fromCodec(Schema.Literals(literals), expected), words: literals })

/**
 * A list: a text with commas in a source, or an array in JSON and code.
 *
 * @category combinators
 * @since 0.1.0
 */
export const list = <A>(form: OptionForm<A>, expected: string): OptionForm<ReadonlyArray<A>> => {
  const all = (items: unknown, decode: (item: unknown) => Decoded<A>): Decoded<ReadonlyArray<A>> => {
    if (!Array.isArray(items)) return invalid(expected)
    const values: Array<A> = []
    for (const item of items) {
      const decoded = decode(item)
      if (Result.isFailure(decoded)) return invalid(expected)
      values.push(decoded.success)
    }
    return Result.succeed(values)
  }
  const split = (text: string) => text.split(",").map((item) => item.trim())
  return {
    expected,
    fromSource: (found) => all(typeof found === "string" ? split(found) : found, form.fromSource),
    fromInput: (input) => all(input, form.fromInput),
    format: (values) => values.map(form.format).join(", ") || "none"
  }
}

/**
 * The path of a file.
 *
 * @category forms
 * @since 0.1.0
 */
export const path: OptionForm<string> = fromCodec(
  Schema.String.check(Schema.makeFilter((text) => text.trim() !== "" && !text.includes("\0"))),
  "the path of a file"
)

/**
 * The id of a model.
 *
 * @category forms
 * @since 0.1.0
 */
export const modelId: OptionForm<string> = fromCodec(Schema.NonEmptyString, "the id of a model")
