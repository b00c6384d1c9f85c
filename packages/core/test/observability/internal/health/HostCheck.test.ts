import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../../../src/errors/KimiError.ts"
import type { ModelsError } from "../../../../src/errors/OperationErrors.ts"
import * as HostCheck from "../../../../src/observability/internal/health/HostCheck.ts"

const list = [{ id: "kimi-k3" }, { id: "kimi-k2.6" }]

const check = (options: Partial<HostCheck.Options> = {}) =>
  HostCheck.make({
    account: "moonshot",
    role: "alternative",
    isPrimary: true,
    url: "https://api.moonshot.ai/v1",
    models: Effect.succeed(list),
    isModelListOptional: false,
    slowAfter: Duration.seconds(2),
    ...options
  })

const refusedBy = (error: ModelsError, options: Partial<HostCheck.Options> = {}) =>
  check({ models: Effect.fail(error), ...options }).check

const notFound = new classes.InvalidRequestError({ message: "no such path", status: 404 })

describe("the host check", () => {
  it.effect("is healthy if the host lists its models", () =>
    Effect.gen(function* () {
      const { account, details, name, role } = check()
      assert.deepStrictEqual(
        { account, details, name, role },
        { name: "host", account: "moonshot", role: "alternative", details: { url: "https://api.moonshot.ai/v1" } }
      )
      assert.deepInclude(yield* check().check, { status: "healthy", code: "Ok", details: { models: 2 } })
    })
  )

  it.effect("is degraded if the default model is not in the list", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* check({ model: "kimi-k3" }).check).code, "Ok")
      assert.deepInclude(yield* check({ model: "kimi-k2.5" }).check, { status: "degraded", code: "ModelNotListed" })
    })
  )

  it.effect("is degraded if the host does not support a model list", () =>
    Effect.gen(function* () {
      const error = new classes.UnsupportedOperationError({ message: "no models here", operation: "models" })
      assert.deepInclude(yield* refusedBy(error), { status: "degraded", code: "Unsupported" })
    })
  )

  it.effect("is degraded from the latency threshold on", () =>
    Effect.gen(function* () {
      const after = Effect.fnUntraced(function* (millis: number) {
        const fiber = yield* Effect.forkChild(check({ models: Effect.as(Effect.sleep(millis), list) }).check)
        yield* TestClock.adjust(millis)
        return yield* Fiber.join(fiber)
      })
      assert.strictEqual((yield* after(1_999)).code, "Ok")
      assert.deepInclude(yield* after(2_000), { status: "degraded", code: "Slow" })
    })
  )

  it.effect("is only degraded if the host is busy", () =>
    Effect.gen(function* () {
      const limited = new classes.RateLimitError({ message: "busy", kind: "requests per minute", status: 429 })
      const overloaded = new classes.OverloadedError({ message: "busy", status: 429 })
      assert.deepInclude(yield* refusedBy(limited), { status: "degraded", code: "RateLimitError" })
      assert.deepInclude(yield* refusedBy(overloaded), { status: "degraded", code: "OverloadedError" })
    })
  )

  it.effect("is required if the primary account's key is rejected, which has no fallback", () =>
    Effect.gen(function* () {
      for (const name of ["AuthenticationError", "PermissionDeniedError", "IpNotAllowedError"] as const) {
        const error = new classes[name]({ message: "no", status: 401 })
        assert.deepInclude(yield* refusedBy(error), { status: "unhealthy", code: name, role: "required" })
        assert.strictEqual(yield* Effect.flip(refusedBy(error, { isPrimary: false })), error)
      }
    })
  )

  it.effect("fails with the error of the host", () =>
    Effect.gen(function* () {
      for (const error of [
        new classes.ServerError({ message: "broken", status: 500 }),
        new classes.ConnectionRefusedError({ message: "nobody there" }),
        new classes.QuotaExceededError({ message: "no money", status: 429 })
      ]) {
        assert.strictEqual(yield* Effect.flip(refusedBy(error)), error)
      }
    })
  )

  it.effect("is degraded if an optional model list is missing", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* refusedBy(notFound, { isModelListOptional: true }), {
        status: "degraded",
        code: "Unsupported"
      })
      assert.deepInclude(yield* refusedBy(notFound), { status: "unhealthy", code: "InvalidRequestError" })
    })
  )

  it("shows the URL without secrets", () => {
    const shown = (url: string) => check({ url }).details?.["url"]
    assert.strictEqual(
      shown("https://me:secret@host.example:8443/v1?key=secret#secret"),
      "https://host.example:8443/v1"
    )
    assert.strictEqual(shown("secret"), "not a URL")
  })
})
