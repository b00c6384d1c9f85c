/**
 * The body of an error response.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** The text of a member in another form: of a number, of the texts in a list, or of the message in an object. */
const textOf = (found: unknown): string | undefined => {
  if (typeof found === "string") return found
  if (typeof found === "number" || typeof found === "boolean") return String(found)
  if (Array.isArray(found)) return found.map(textOf).filter(Predicate.isNotUndefined).join("; ") || undefined
  return Predicate.hasProperty(found, "message") ? textOf(found.message) : undefined
}

/**
 * The schema type of a lenient member.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lenient<S extends Schema.Constraint> extends Schema.decodeTo<
  Schema.optionalKey<Schema.toType<S>>,
  Schema.optional<Schema.Unknown>
> {}

/** A member that is read if it can be: an odd one must not hide the others, from which the error is recognized. */
const lenient = <S extends Schema.Constraint>(schema: S, read: (found: unknown) => S["Type"] | undefined): Lenient<S> =>
  Schema.optional(Schema.Unknown).pipe(
    Schema.decodeTo(
      Schema.optionalKey(Schema.toType(schema)),
      SchemaTransformation.transformOptional<S["Type"], unknown>({
        decode: Option.flatMap((found) => Option.fromNullishOr(read(found))),
        encode: (value) => value
      })
    )
  )

const text = lenient(Schema.String, textOf)
const word = lenient(Schema.String, (found) => (typeof found === "string" ? found : undefined))
const code = lenient(Schema.Union([Schema.String, Schema.Finite]), (found) =>
  typeof found === "string" || (typeof found === "number" && Number.isFinite(found)) ? found : undefined
)

/**
 * The error as the host reports it. `type` decides its meaning, then the message.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ErrorObject = Schema.Struct({
  message: text,
  type: word,
  /** In the OpenAPI file, not in recordings; gateways also send numbers. */
  code,
  param: word,
  /** Some gateways send it here, others next to `error`. */
  request_id: text,
  /** A second place for the status, at some gateways. */
  status: Schema.optionalKey(Schema.Unknown),
  /** The window and the tokens of the prompt, at llama.cpp. */
  n_ctx: Schema.optionalKey(Schema.Unknown),
  n_prompt_tokens: Schema.optionalKey(Schema.Unknown),
  /** What a gateway quotes of the host behind it, at OpenRouter. */
  metadata: Schema.optionalKey(Schema.Unknown)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ErrorObject = typeof ErrorObject.Type

/**
 * The body of an error response: `{"error": {...}}`, or a text in place of the
 * object at some gateways.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ErrorBody = Schema.Struct({
  error: Schema.Union([ErrorObject, Schema.String]),
  request_id: text
})
