/**
 * Optional members of responses: `null` is the same as absent.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/**
 * The schema type of `optionalFromNullish`.
 *
 * @category models
 * @since 0.1.0
 */
export interface OptionalFromNullish<S extends Schema.Constraint> extends Schema.decodeTo<
  Schema.optionalKey<Schema.toType<S>>,
  Schema.optional<Schema.NullOr<S>>
> {}

/**
 * An optional member that reads `null` as absent and never writes `null`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const optionalFromNullish = <S extends Schema.Constraint>(schema: S): OptionalFromNullish<S> =>
  Schema.optional(Schema.NullOr(schema)).pipe(
    Schema.decodeTo(
      Schema.optionalKey(Schema.toType(schema)),
      SchemaTransformation.transformOptional<S["Type"], S["Type"] | null | undefined>({
        decode: Option.filter(Predicate.isNotNullish),
        encode: (value) => value
      })
    )
  )
