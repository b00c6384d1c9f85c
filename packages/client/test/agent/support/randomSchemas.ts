/** Random Effect Schemas: every kind that a tool's parameters may have, and some that cannot be described. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"

/** A schema whose values need no services. */
export type AnySchema = Schema.Codec<unknown, unknown>

const pick = <A>(values: ReadonlyArray<A>): Effect.Effect<A> =>
  Effect.map(Random.nextIntBetween(0, values.length - 1), (index) => values[index] as A)

const words = ["alpha", "beta", "gamma delta", "", "ü", "a/b", "0"]
const names = ["city", "unit", "from date", "a.b", "a/b", "type", "enum", "items", "x-1", "_tag"]
const reserved = ["required", "anyOf", "$ref"]

class Person extends Schema.Class<Person>("Person/1")({ name: Schema.String, age: Schema.Int }) {}

interface Tree {
  readonly label: string
  readonly children: ReadonlyArray<Tree>
}
const Tree = Schema.Struct({
  label: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
}).annotate({ identifier: "A tree/node" })

const leaves: ReadonlyArray<Schema.Constraint> = [
  Schema.String,
  Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(5)),
  Schema.String.check(Schema.isPattern(/^[a-c]*$/u)),
  Schema.String.check(Schema.isUUID()),
  Schema.NonEmptyString.annotate({ title: "T", description: "D", examples: ["x"], default: "y" }),
  Schema.Finite,
  Schema.Finite.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(1.5)),
  Schema.Int,
  Schema.Int.check(Schema.isGreaterThan(0)),
  Schema.Int.check(Schema.isBetween({ minimum: -3, maximum: 7 })),
  Schema.Int.check(Schema.isGreaterThan(0), Schema.isLessThan(1e21)),
  Schema.Finite.check(Schema.isMultipleOf(5)),
  Schema.Boolean,
  Schema.Null,
  Schema.Literal(true),
  Schema.Literals(["a", "b", "c"]),
  Schema.Literals([1, 2.5, -3]),
  Schema.Literals(["x", 1, true]),
  Schema.DateTimeUtc,
  Schema.BigInt,
  Schema.Duration,
  Schema.Uint8Array,
  Schema.FiniteFromString,
  Schema.Option(Schema.Int),
  Person,
  Tree,
  Schema.Struct({}),
  Schema.Record(Schema.String, Schema.Int),
  Schema.Tuple([Schema.Int, Schema.Int])
]

/** Kinds that have no form at the host. */
const inexpressible: ReadonlyArray<Schema.Constraint> = [
  Schema.Unknown,
  Schema.Json,
  Schema.Never,
  Schema.Tuple([Schema.String, Schema.Int]),
  Schema.Literals([1e300, 2])
]

const structOf = (depth: number): Effect.Effect<Schema.Constraint> =>
  Effect.gen(function* () {
    const count = yield* Random.nextIntBetween(0, 4)
    const fields: Array<readonly [string, Schema.Constraint]> = []
    for (let index = 0; index < count; index++) {
      const name = (yield* Random.nextIntBetween(0, 60)) === 0 ? yield* pick(reserved) : yield* pick(names)
      const field = yield* schemaOf(depth - 1)
      const form = yield* Random.nextIntBetween(0, 3)
      // The JSON of an absent value is null, and so is that of a nullable value.
      const isOptional = form === 1 && !Schema.is(field as AnySchema)(null)
      fields.push([name, form === 0 ? Schema.optionalKey(field) : isOptional ? Schema.optional(field) : field])
    }
    return Schema.Struct(Object.fromEntries(fields))
  })

const containers: ReadonlyArray<(depth: number) => Effect.Effect<Schema.Constraint>> = [
  structOf,
  structOf,
  (depth) => Effect.map(schemaOf(depth - 1), Schema.Array),
  (depth) => Effect.map(schemaOf(depth - 1), Schema.NonEmptyArray),
  (depth) =>
    Effect.map(schemaOf(depth - 1), (item) => Schema.Array(item).check(Schema.isMinLength(1), Schema.isMaxLength(3))),
  (depth) => Effect.map(schemaOf(depth - 1), Schema.NullOr),
  (depth) => Effect.map(schemaOf(depth - 1), (value) => Schema.Record(Schema.String, value)),
  (depth) =>
    Effect.map(Effect.all([structOf(depth - 1), structOf(depth - 1)]), ([left, right]) =>
      Schema.Union([
        Schema.Struct({ kind: Schema.tag("left"), value: left }),
        Schema.Struct({ kind: Schema.tag("right"), value: right })
      ])
    ),
  (depth) => Effect.map(schemaOf(depth - 1), (inner) => Schema.Struct({ inner }).annotate({ identifier: "Outer" })),
  () => Effect.map(pick(words), (description) => Schema.Array(Schema.String).annotate({ description }))
]

const schemaOf = (depth: number): Effect.Effect<Schema.Constraint> =>
  Effect.gen(function* () {
    if ((yield* Random.nextIntBetween(0, 80)) === 0) return yield* pick(inexpressible)
    if (depth <= 0 || (yield* Random.nextIntBetween(0, 2)) === 0) return yield* pick(leaves)
    const container = yield* pick(containers)
    return yield* container(depth)
  })

/** A random schema with an object at its root, most of the time. */
export const randomSchema: Effect.Effect<AnySchema> = Effect.map(
  Effect.flatMap(Random.nextIntBetween(0, 20), (kind) => (kind === 0 ? schemaOf(3) : structOf(3))),
  (schema) => schema as AnySchema
)
