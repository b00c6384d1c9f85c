import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { classes } from "../../../src/errors/KimiError.ts"
import type { StreamError } from "../../../src/errors/OperationErrors.ts"
import type { FailedAttempt } from "../../../src/errors/FailedAttempt.ts"
import * as FallbackStep from "../../../src/resilience/internal/FallbackStep.ts"

const step = (on?: ReadonlyArray<FallbackStep.Tag>): FallbackStep.Step => ({
  account: "b",
  provider: "moonshot",
  on,
  check: Effect.succeed
})

const failureOf = (error: StreamError, model = "kimi-k2.6") => ({ error, account: "a", model })

const attempt = (tag: string): FailedAttempt => ({
  tag,
  startedAt: 0,
  duration: 1,
  delay: 0,
  isPossiblyBilled: false
})

const tooLong = (limit?: number) =>
  new classes.ContextLengthError({ message: "too long", ...(limit === undefined ? {} : { limit }) })

const broken = new classes.ServerError({ message: "broken" })
const refused = (...tags: ReadonlyArray<string>) =>
  new classes.UnknownPriceError({ message: "no price", attempts: tags.map(attempt) })
const refusedAtOnce = new classes.UnknownPriceError({ message: "no price" })

describe("A step for a larger window", () => {
  /** Whether the step's model may succeed after a request was too long for another model. */
  const mayHelp = (next: string, error: StreamError, model?: string) =>
    FallbackStep.isEligible(step(), next, { failures: [failureOf(error, model)] })

  it("is tried if its model has more than the host reports", () => {
    assert.isTrue(mayHelp("kimi-k2.6", tooLong(262_143)))
    assert.isFalse(mayHelp("kimi-k2.6", tooLong(262_144)))
  })

  it("is tried if its model has more than the other has in the catalogue", () => {
    assert.isTrue(mayHelp("kimi-k3", tooLong()))
    assert.isFalse(mayHelp("moonshot-v1-128k", tooLong()))
  })

  it("is not tried if the window of its model is unknown", () => {
    assert.isFalse(mayHelp("house-model", tooLong(1_000)))
  })

  it("is not tried if the window that was too small is unknown", () => {
    assert.isFalse(mayHelp("kimi-k3", tooLong(), "house-model"))
  })
})

describe("A step after refusals of the budget", () => {
  it("is for no call that has not failed", () => {
    assert.isFalse(FallbackStep.isEligible(step(), "kimi-k3", { failures: [] }))
  })

  it("is tried for the last error of a host before the refusal", () => {
    const failures = [failureOf(broken), failureOf(refused("ServerError", "ModelNotFoundError", "BudgetExceededError"))]
    assert.isTrue(FallbackStep.isEligible(step(["ModelNotFoundError"]), "kimi-k3", { failures }))
    assert.isFalse(FallbackStep.isEligible(step(["ServerError"]), "kimi-k3", { failures }))
  })

  it("is tried for the refusal if no host has failed", () => {
    for (const refusal of [refusedAtOnce, refused(), refused("HttpError")]) {
      const failures = [failureOf(broken), failureOf(refusal)]
      assert.isTrue(FallbackStep.isEligible(step(["UnknownPriceError"]), "kimi-k3", { failures }))
    }
  })

  it("is tried only for what it lists", () => {
    const listed = step(["QuotaExceededError"])
    assert.isFalse(FallbackStep.isEligible(listed, "kimi-k3", { failures: [failureOf(broken)] }))
    const progress = { failures: [failureOf(broken)], refusal: "UnknownPriceError" } as const
    assert.isFalse(FallbackStep.isEligible(listed, "kimi-k3", progress))
    assert.isTrue(FallbackStep.isEligible(step(["UnknownPriceError"]), "kimi-k3", progress))
  })

  it("is tried for the error of a host even if earlier attempts had others", () => {
    const error = new classes.ServerError({ message: "broken", attempts: [attempt("QuotaExceededError")] })
    const failures = [failureOf(broken), failureOf(error)]
    assert.isFalse(FallbackStep.isEligible(step(["QuotaExceededError"]), "kimi-k3", { failures }))
  })
})
