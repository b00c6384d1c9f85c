import type { ChatError } from "@kimi-effect/core/OperationErrors"
import type { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, test } from "tstyche"
import * as StructuredOutput from "../src/agent/StructuredOutput.ts"
import type { KimiClient } from "../src/KimiClient.ts"

const Order = Schema.Struct({
  item: Schema.String,
  lines: Schema.Array(Schema.Struct({ count: Schema.Int })),
  at: Schema.DateTimeUtc
})

describe("generate", () => {
  test("has the type of the schema", () => {
    expect(StructuredOutput.generate({ schema: Schema.Array(Schema.String), prompt: "" })).type.toBe<
      Effect.Effect<StructuredOutput.Output<ReadonlyArray<string>>, ChatError | StructuredOutputError, KimiClient>
    >()
  })

  test("takes no member that it sets", () => {
    expect(StructuredOutput.generate).type.not.toBeCallableWith({
      schema: Order,
      request: { response_format: { type: "text" } }
    })
  })
})

describe("DeepPartial", () => {
  test("has optional properties at any depth", () => {
    expect<StructuredOutput.DeepPartial<typeof Order.Type>>().type.toBe<{
      readonly item?: string
      readonly lines?: ReadonlyArray<{ readonly count?: number }>
      readonly at?: unknown
    }>()
  })

  test("is any string for literals, which may be incomplete", () => {
    expect<StructuredOutput.DeepPartial<"a" | "b" | 1 | null>>().type.toBe<string | 1 | null>()
  })

  test("does not know what has another form in JSON", () => {
    expect<StructuredOutput.DeepPartial<DateTime.Utc>>().type.toBe<unknown>()
    expect<StructuredOutput.DeepPartial<bigint>>().type.toBe<unknown>()
    expect<StructuredOutput.DeepPartial<Uint8Array>>().type.toBe<unknown>()
  })
})
