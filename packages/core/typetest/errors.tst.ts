import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { describe, expect, test } from "tstyche"
import type * as ErrorFacts from "../src/errors/ErrorFacts.ts"
import type { classes, KimiError } from "../src/errors/KimiError.ts"
import { isKimiError } from "../src/errors/KimiError.ts"
import type { BalanceError, ChatError, ModelsError, StreamError } from "../src/errors/OperationErrors.ts"
import { RateLimitError } from "../src/errors/RateLimitErrors.ts"

declare const limited: RateLimitError
declare const failing: Effect.Effect<"answer", KimiError>
declare const thrown: unknown

describe("KimiError", () => {
  test("has a tag for every row of facts, and no other", () => {
    expect<KimiError["_tag"]>().type.toBe<keyof typeof ErrorFacts.table>()
    expect<KimiError["_tag"]>().type.toBe<keyof typeof classes>()
  })

  test("carries its facts on every member of the union", () => {
    expect<KimiError["isRetryable"]>().type.toBe<boolean>()
    expect<KimiError["category"]>().type.toBe<ErrorFacts.Category>()
    expect<KimiError["recovery"]>().type.toBe<ErrorFacts.Recovery>()
    expect<KimiError["retryAfter"]>().type.toBe<Duration.Duration | undefined>()
  })

  test("is narrowed by its guard", () => {
    if (isKimiError(thrown)) expect(thrown).type.toBe<KimiError>()
  })

  test("loses a tag that was caught", () => {
    const rest = Effect.catchTag(failing, "RateLimitError", () => Effect.succeed("later" as const))
    expect(rest).type.toBe<Effect.Effect<"answer" | "later", Exclude<KimiError, RateLimitError>>>()
  })
})

describe("RateLimitError", () => {
  test("has its own members in addition to the common ones", () => {
    expect(limited._tag).type.toBe<"RateLimitError">()
    expect(limited.isRetryable).type.toBe<boolean>()
    expect(limited.kind).type.toBe<"concurrency" | "requests per minute" | "tokens per minute" | "unknown">()
    expect(limited).type.toBeAssignableTo<{ readonly retryAfter?: Duration.Duration }>()
    expect(limited).type.not.toHaveProperty("successor")
  })

  test("is made of a message and a kind", () => {
    expect(RateLimitError).type.toBeConstructableWith({ message: "slow down", kind: "unknown" })
    expect(RateLimitError).type.not.toBeConstructableWith({ message: "slow down" })
    expect(RateLimitError).type.not.toBeConstructableWith({ message: "slow down", kind: "tokens per day" })
    expect(RateLimitError).type.not.toBeConstructableWith({ message: "a", kind: "unknown", retryAfter: undefined })
  })
})

describe("the errors of an operation", () => {
  test("are as narrow as the operation", () => {
    expect<ChatError["_tag"]>().type.not.toBeAssignableFrom<"StreamTruncatedError">()
    expect<StreamError["_tag"]>().type.toBeAssignableFrom<ChatError["_tag"] | "StreamTruncatedError">()
    expect<ModelsError["_tag"]>().type.not.toBeAssignableFrom<"ContextLengthError">()
    expect<BalanceError["_tag"]>().type.toBeAssignableFrom<"UnsupportedOperationError">()
    expect<StreamError>().type.toBeAssignableTo<KimiError>()
  })
})
