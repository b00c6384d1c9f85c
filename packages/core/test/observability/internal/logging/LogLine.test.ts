import { assert, describe, it } from "@effect/vitest"
import { Effect, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { linesOf } from "../../support/lines.ts"

const parent = Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16) })

describe("LogLine.toPretty", () => {
  it.effect("has time, level, message before the other fields", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 26, 2, 30, 1, 5))
      const program = Effect.logWarning("slow host", { tries: 2 }).pipe(
        Effect.annotateLogs({
          "event.name": "x",
          "kimi.tenant": "acme",
          "gen_ai.request.model": "k3",
          note: 'two words "quoted"',
          empty: "",
          count: 3,
          yes: true
        }),
        Effect.withLogSpan("job"),
        Effect.withParentSpan(parent)
      )
      const [plain] = yield* linesOf(program, {}, "pretty")
      assert.strictEqual(
        plain,
        `02:30:01.005 WARN  slow host {"tries":2} tenant=acme request.model=k3 note="two words \\"quoted\\"" empty="" count=3 yes=true job=0 ` +
          "trace=aaaaaaaa span=bbbbbbbb"
      )
      const [colored = ""] = yield* linesOf(program, { colors: true }, "pretty")
      assert.notStrictEqual(colored, plain)
      assert.strictEqual(colored.replaceAll(/\p{Cc}\[[\d;]+m/gu, ""), plain)
    })
  )

  it.effect("escapes all characters that could break a line", () =>
    Effect.gen(function* () {
      const evil = "\u001b[2J\u009b31m\r\n\u2028\u202e\u0000"
      const program = Effect.log(evil, [evil], { [evil]: evil }, new Error(evil)).pipe(
        Effect.annotateLogs({ [evil]: evil }),
        Effect.withLogSpan(evil)
      )
      for (const format of ["pretty", "json"] as const) {
        const [line = ""] = yield* linesOf(program, { errorMessages: "all" }, format)
        assert.notMatch(line, /[\p{Cc}\p{Zl}\p{Zp}\u202e]/u)
        assert.include(line, "\\u001b[2J")
      }
    })
  )
})
