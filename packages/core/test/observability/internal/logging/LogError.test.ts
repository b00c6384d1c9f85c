import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Option, Redacted, Result } from "effect"
import * as Logging from "../../../../src/observability/Logging.ts"
import { canaryIn, failures, formless, key, prompt } from "../../support/canary.ts"
import { linesOf, parse } from "../../support/lines.ts"

const isPlain = (value: unknown): boolean =>
  /Object|Array/.test(Object.prototype.toString.call(value)) && !isRich(value)
const isRich = (value: unknown): boolean =>
  Cause.isCause(value) || Exit.isExit(value) || Result.isResult(value) || Option.isOption(value)

const secrets = [Redacted.make(formless)]

describe("LogError", () => {
  it.effect.each(failures)("never contains the prompt or the key: %s", ([, make]) =>
    Effect.gen(function* () {
      const failure = make()
      const program = Effect.all([
        Effect.logError("failed", Cause.fail(failure)),
        Effect.logError("failed", Cause.die(failure)),
        Effect.logError(Cause.fromReasons([...Cause.fail(failure).reasons, ...Cause.interrupt(1).reasons])),
        // A text as the message is chosen by the program; an error is not.
        ...(typeof failure === "string" || isPlain(failure)
          ? []
          : [Effect.logError("failed", failure, [failure], { cause: failure })]),
        Effect.annotateLogs(Effect.log("failed"), { exit: Effect.runSyncExit(Effect.fail(failure)) })
      ])
      for (const format of ["json", "pretty"] as const) {
        const lines = yield* linesOf(program, { secrets }, format)
        assert.isAtLeast(lines.length, 3)
        for (const line of lines) {
          if (format === "json") parse(line)
          assert.isUndefined(canaryIn(line), line)
        }
      }
    })
  )

  it.effect("redacts keys even if all messages are shown", () =>
    Effect.gen(function* () {
      const text = `Bearer ${key} ${formless} https://user:${formless}@host/`
      const values = [new Error(text, { cause: text }), { [key]: key }, new Map([[key, formless]]), text]
      const cut = [0, 1, 10, 22, 23, 24].map((part) => `${"x".repeat(4_096 - part)}${formless}`)
      const many = Array.from({ length: 24 }, (_, i) => "x".repeat(i) + `${formless} `.repeat(1_000))
      for (const value of [...values, ...cut, ...many]) {
        for (const line of yield* linesOf(Effect.logError(value), { secrets, errorMessages: "all" })) {
          assert.isUndefined(canaryIn(line), line)
        }
      }
    })
  )

  it.effect("contains the prompt if all messages are shown, so these tests can fail", () =>
    Effect.gen(function* () {
      const options: Logging.FormatOptions = { errorMessages: "all" }
      const [line = ""] = yield* linesOf(Effect.logError(Cause.fail(new Error(prompt))), options)
      assert.isDefined(canaryIn(line))
    })
  )
})
