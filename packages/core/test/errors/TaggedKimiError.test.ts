import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Cause, Duration, Effect, Exit, Formatter } from "effect"
import * as ErrorFacts from "../../src/errors/ErrorFacts.ts"
import { classes, type KimiError } from "../../src/errors/KimiError.ts"

const secret = "canary-of-model-output"

const cut = new classes.StreamTruncatedError({
  message: "The stream ended early.",
  requestId: "request-1",
  traceId: "trace-1",
  retryAfter: Duration.seconds(3),
  partial: {
    content: `${secret} text`,
    reasoning_content: `${secret} thought`,
    tool_calls: [{ id: `${secret}_0`, name: `${secret}_name`, arguments: `{"a":"${secret}"` }]
  }
})

describe("TaggedKimiError", () => {
  it.effect("has the facts of its tag as members", () =>
    Effect.gen(function* () {
      for (const [tag, Class] of Object.entries(classes)) {
        const facts: ErrorFacts.Facts = ErrorFacts.table[tag as ErrorFacts.Tag]
        const errors: ReadonlyArray<KimiError> = yield* Arbitrary.sampleEffect(Arbitrary.schema(Class), {
          seed: tag,
          count: 5
        })
        for (const error of errors) {
          assert.strictEqual(error.name, tag)
          assert.strictEqual(error._tag, tag)
          assert.instanceOf(error, Error)
          const { category, severity, isRetryable, breaker, billing, recovery } = error
          assert.deepStrictEqual(
            { category, severity, isRetryable, breaker, billing, recovery: recovery._tag },
            {
              category: facts.category,
              severity: facts.severity,
              isRetryable: facts.isRetryable,
              breaker: facts.breaker,
              billing: facts.billing,
              recovery: facts.recovery
            }
          )
        }
      }
    })
  )

  it("has the wait of the host in its recovery", () => {
    const retryAfter = Duration.seconds(7)
    const limited = new classes.RateLimitError({ message: "slow down", kind: "unknown", retryAfter })
    assert.deepStrictEqual(limited.recovery, { _tag: "RetryAfter", after: retryAfter })
    const spent = new classes.DailyLimitError({ message: "spent", retryAfter, limit: 10 })
    assert.deepStrictEqual(spent.recovery, { _tag: "WaitForQuota", after: retryAfter })
  })

  it("has the invalid member in its recovery", () => {
    const error = new classes.EmptyMessageError({ message: "empty", parameter: "messages[2].content" })
    assert.deepStrictEqual(error.recovery, { _tag: "FixRequest", parameter: "messages[2].content" })
  })

  it("has the window of the model in its recovery", () => {
    const long = new classes.ContextLengthError({ message: "too long", limit: 262_144, requested: 300_000 })
    assert.deepStrictEqual(long.recovery, { _tag: "ShortenContext", limit: 262_144 })
  })

  it("has the successor of the model in its recovery", () => {
    const off = new classes.ModelRetiredError({ message: "off", retiredOn: "2026-08-31", successor: "kimi-k3" })
    assert.deepStrictEqual(off.recovery, { _tag: "SwitchModel", model: "kimi-k3" })
  })

  it("omits unknown details from its recovery", () => {
    const message = "failed"
    assert.deepStrictEqual(new classes.ServerError({ message }).recovery, { _tag: "RetryAfter" })
    assert.deepStrictEqual(new classes.InvalidRequestError({ message }).recovery, { _tag: "FixRequest" })
    assert.deepStrictEqual(new classes.ContextLengthError({ message }).recovery, { _tag: "ShortenContext" })
    assert.deepStrictEqual(new classes.ModelNotFoundError({ message }).recovery, { _tag: "SwitchModel" })
    assert.deepStrictEqual(new classes.ContentFilterError({ message }).recovery, { _tag: "None" })
  })

  it("omits details from its recovery that are not part of the step", () => {
    const message = "failed"
    const broke = new classes.QuotaExceededError({ message, retryAfter: Duration.seconds(1) })
    assert.deepStrictEqual(broke.recovery, { _tag: "TopUp" })
  })

  it("prefers the fix of an instance to the hint of its tag", () => {
    const fix = "Leave temperature out."
    const error = new classes.UnsupportedParameterError({ message: "no", parameter: "temperature", fix })
    assert.strictEqual(error.hint, fix)
    assert.strictEqual(new classes.DnsError({ message: "no" }).hint, ErrorFacts.table.DnsError.hint)
  })

  it("never prints model output", () => {
    const failed = Exit.fail(cut)
    const printed = [
      JSON.stringify(cut),
      JSON.stringify({ nested: [cut] }),
      JSON.stringify(failed),
      inspect(cut),
      inspect({ nested: [cut] }, { depth: 20 }),
      inspect(failed, { depth: 20 }),
      String(cut),
      `${cut.stack}`,
      Formatter.format(cut),
      Formatter.formatJson(cut),
      Cause.pretty(Cause.fail(cut))
    ]
    for (const text of printed) assert.notInclude(text, secret)
    for (const text of printed) assert.include(text, "StreamTruncatedError")
  })

  it("prints the size in place of a partial response", () => {
    const size = `<${`${secret} text${secret} thought`.length} characters, 1 tool calls>`
    assert.deepStrictEqual(JSON.parse(JSON.stringify(cut)), {
      _tag: "StreamTruncatedError",
      message: "The stream ended early.",
      requestId: "request-1",
      traceId: "trace-1",
      retryAfter: "3s",
      hint: ErrorFacts.table.StreamTruncatedError.hint,
      partial: size
    })
    const inspected = inspect(cut)
    for (const text of [size, "request-1", "trace-1", "The stream ended early.", "3s"]) assert.include(inspected, text)
  })

  it("keeps the partial response as a member", () => {
    assert.strictEqual(cut.partial?.content, `${secret} text`)
  })

  it("prints only members that the error has", () => {
    const error = new classes.DnsError({ message: "no such host", code: "ENOTFOUND" })
    assert.deepStrictEqual(JSON.parse(JSON.stringify(error)), {
      _tag: "DnsError",
      message: "no such host",
      code: "ENOTFOUND",
      hint: ErrorFacts.table.DnsError.hint
    })
  })

  describe("an unhandled error", () => {
    const error = new classes.DnsError({ message: "no such host" })
    const first = `DnsError: no such host\n  hint: ${ErrorFacts.table.DnsError.hint}\n    at `
    const printed: { readonly [where: string]: string } = {
      stack: `${error.stack}`,
      inspect: inspect(error),
      "Cause.pretty": Cause.pretty(Cause.fail(error)),
      "Cause.pretty of a defect": Cause.pretty(Cause.die(error))
    }
    for (const [where, text] of Object.entries(printed)) {
      it(`has its hint after its message in ${where}`, () => assert.strictEqual(text.slice(0, first.length), first))
    }

    it("is printed once with its hint", () => {
      assert.strictEqual(inspect(error).split(ErrorFacts.table.DnsError.hint).length, 2)
    })

    it("has the fix of the instance in place of the hint", () => {
      const fix = "Leave temperature out."
      const unsupported = new classes.UnsupportedParameterError({ message: "no", parameter: "temperature", fix })
      assert.include(unsupported.stack, `\n  hint: ${fix}\n`)
    })

    it("rejects the promise of its effect with its hint", async () => {
      const rejection = await Effect.runPromise(Effect.fail(error)).catch((reason: unknown) => inspect(reason))
      assert.include(rejection, ErrorFacts.table.DnsError.hint)
    })

    it("has its hint where stacks are switched off", () => {
      const { stackTraceLimit } = Error
      try {
        Error.stackTraceLimit = 0
        const { stack } = new classes.DnsError({ message: "no" })
        assert.strictEqual(stack, `DnsError: no\n  hint: ${ErrorFacts.table.DnsError.hint}`)
      } finally {
        Error.stackTraceLimit = stackTraceLimit
      }
    })

    it("keeps a stack that was assigned", () => {
      const moved = new classes.DnsError({ message: "no" })
      moved.stack = "elsewhere"
      assert.strictEqual(moved.stack, "elsewhere")
    })
  })

  it.effect("is a failure when it is yielded", () =>
    Effect.gen(function* () {
      const call = Effect.gen(function* () {
        const seconds = yield* Effect.succeed(1)
        return yield* new classes.RateLimitError({ message: "slow", kind: "concurrency", limit: seconds })
      })
      const caught = yield* call.pipe(Effect.catchTag("RateLimitError", (error) => Effect.succeed(error.kind)))
      assert.strictEqual(caught, "concurrency")
    })
  )

  it("refuses members of the wrong type", () => {
    const make = (members: object) => () => Reflect.construct(classes.ServerError, [members])
    assert.doesNotThrow(make({ message: "a" }))
    assert.throws(make({}))
    assert.throws(make({ message: "a", status: 500.5 }))
    assert.throws(make({ message: "a", retryAfter: "soon" }))
    assert.throws(make({ message: "a", partial: { content: "b" } }))
  })
})
