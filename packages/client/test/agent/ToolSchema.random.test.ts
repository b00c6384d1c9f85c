import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { runs, seedOf } from "../../../../test/support/depth.ts"
import * as ToolSchema from "../../src/agent/ToolSchema.ts"
import { violations } from "./support/moonshotRules.ts"
import { type AnySchema, randomSchema } from "./support/randomSchemas.ts"

const schemas = runs({ deep: 20_000, sample: 200 })

const valuesOf = (schema: AnySchema, seed: number): Effect.Effect<ReadonlyArray<unknown>> =>
  // Checks that leave next to no value are no concern of these tests.
  Effect.orElseSucceed(
    Arbitrary.sampleEffect(Arbitrary.schema(schema), { count: 3, seed, size: 4 }),
    (): ReadonlyArray<unknown> => []
  )

const visit = (name: string, law: (schema: AnySchema, index: number) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    for (let index = 0; index < schemas; index++) yield* law(yield* randomSchema, index)
  }).pipe(Random.withSeed(seedOf(name)))

describe("ToolSchema of a random schema", () => {
  it.effect("satisfies every documented rule, or is refused with its path", () => {
    let accepted = 0
    let refused = 0
    return visit("rules", (schema) =>
      Effect.sync(() => {
        const result = ToolSchema.fromSchema(schema)
        if (Result.isFailure(result)) {
          refused++
          assert.strictEqual(result.failure._tag, "ToolSchemaError")
          assert.isString(result.failure.path)
        } else {
          accepted++
          assert.deepStrictEqual(violations(result.success.jsonSchema), [], JSON.stringify(result.success.jsonSchema))
        }
      })
    ).pipe(
      Effect.map(() => {
        assert.isAbove(accepted, schemas / 4)
        assert.isAbove(refused, schemas / 50)
      })
    )
  })

  it.effect("validates the JSON of each value", () =>
    visit("validation", (schema, index) =>
      Effect.gen(function* () {
        const result = ToolSchema.fromSchema(schema)
        if (Result.isFailure(result)) return
        const { codec, jsonSchema } = result.success
        const validate = new Ajv({ strict: false }).compile(jsonSchema)
        for (const value of yield* valuesOf(schema, index)) {
          const json = yield* Effect.orDie(Schema.encodeEffect(codec)(value))
          assert.isTrue(validate(json), `${JSON.stringify(json)} against ${JSON.stringify(jsonSchema)}`)
        }
      })
    )
  )

  it.effect("decodes the JSON of each value to the same value", () =>
    visit("round trip", (schema, index) =>
      Effect.gen(function* () {
        const result = ToolSchema.fromSchema(schema)
        if (Result.isFailure(result)) return
        const { codec } = result.success
        const isSame = Schema.toEquivalence(schema)
        for (const value of yield* valuesOf(schema, index)) {
          const json = yield* Effect.orDie(Schema.encodeEffect(codec)(value))
          const decoded = yield* Effect.orDie(Schema.decodeUnknownEffect(codec)(json))
          assert.isTrue(isSame(value, decoded), JSON.stringify(json))
        }
      })
    )
  )
})
