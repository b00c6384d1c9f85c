import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as StreamRecovery from "../../src/resilience/StreamRecovery.ts"
import {
  broken,
  call,
  finish,
  lost,
  piece,
  reset,
  script,
  seam,
  start,
  text,
  thought,
  tokens,
  used,
  watch,
  whole
} from "./support/recovery.ts"

const { withStreamRecovery } = StreamRecovery
const proceed = withStreamRecovery({ mode: "continue", isContinuationSupported: () => true })

describe("withStreamRecovery with mode continue", () => {
  const answers = [start(), thought("Hm"), text("Hello"), text(" the"), used(tokens(10, 6)), finish]
  const rest = [start(1), thought("!"), text("re"), used(tokens(20, 2)), finish]

  it.effect("continues only from the first text until the usage", () =>
    Effect.gen(function* () {
      for (let position = 0; position <= answers.length; position++) {
        const came = answers.slice(0, position)
        const { attempt } = script(broken(lost, ...came), whole(...rest))
        const { error, seen } = yield* watch(proceed(attempt)(call))
        if (position < 2 || position > 5) {
          assert.strictEqual(error, lost, `${position}`)
          assert.deepStrictEqual(seen, came)
          continue
        }
        const usage = seen.filter((event) => event._tag === "Usage").slice(-1)
        assert.strictEqual(usage.length, 1)
        const isContinued = position === 3 || position === 4
        assert.deepStrictEqual(
          seen,
          [
            ...came,
            ...(isContinued ? [] : [reset("StreamInterruptedError")]),
            isContinued ? seam("StreamInterruptedError") : start(1),
            ...rest.slice(1, 3),
            ...usage,
            finish
          ],
          `${position}`
        )
      }
    })
  )

  it.effect("requests the rest by Partial Mode", () =>
    Effect.gen(function* () {
      const asked = { ...call, request: { ...call.request, max_completion_tokens: 100, temperature: 1 } }
      const { attempt, calls } = script(
        broken(lost, start(), thought("Hm"), thought(", so"), text("Hello"), text(" the")),
        broken(lost, start(1), text("re, yo")),
        whole(start(2), text("u"), finish)
      )
      const { seen } = yield* watch(
        withStreamRecovery({ mode: "continue", maxRecoveries: 2, isContinuationSupported: () => true })(attempt)(asked)
      )
      const partial = (content: string) => ({
        role: "assistant",
        content,
        reasoning_content: "Hm, so",
        partial: true
      })
      assert.deepStrictEqual(
        calls.map((call) => ({ ...call })),
        [
          asked,
          // 9 characters of text are 3 tokens by estimate and 15 are 5; 6 of reasoning are 2.
          {
            ...asked,
            request: {
              model: "kimi-k3",
              messages: [{ role: "user", content: "Hi" }, partial("Hello the")],
              max_completion_tokens: 95,
              temperature: 1
            }
          },
          {
            ...asked,
            request: {
              model: "kimi-k3",
              messages: [{ role: "user", content: "Hi" }, partial("Hello there, yo")],
              max_completion_tokens: 93,
              temperature: 1
            }
          }
        ] as ReadonlyArray<unknown>
      )
      assert.deepStrictEqual(
        seen.flatMap((event) => (event._tag === "Resume" ? [event.id] : [])),
        ["chatcmpl-1", "chatcmpl-2"]
      )
    })
  )

  it.effect("does not continue text that a reset discarded", () =>
    Effect.gen(function* () {
      const { attempt, calls } = script(
        broken(lost, start(), text("old"), piece("{")),
        broken(lost, start(1), text("new")),
        whole(start(2), text("er"), finish)
      )
      const options: StreamRecovery.Options = {
        mode: "continue",
        maxRecoveries: 2,
        isContinuationSupported: () => true
      }
      const { seen } = yield* watch(withStreamRecovery(options)(attempt)(call))
      assert.deepStrictEqual(calls[1], call)
      assert.deepInclude(calls[2]?.request.messages.at(-1), { content: "new", partial: true })
      assert.deepStrictEqual(
        seen.map((event) => event._tag),
        ["Start", "TextDelta", "ToolCallDelta", "Reset", "Start", "TextDelta", "Resume", "TextDelta", "Usage", "Finish"]
      )
    })
  )

  it.effect("emits Resume even if the rest has no Start", () =>
    Effect.gen(function* () {
      const { attempt } = script(broken(lost, start(), text("a")), whole(text("b"), finish))
      const { seen } = yield* watch(proceed(attempt)(call))
      assert.deepStrictEqual(seen.slice(2, 4), [{ _tag: "Resume", reason: "StreamInterruptedError" }, text("b")])
    })
  )

  it.effect("does not recover from a continuation that breaks before its own content", () =>
    Effect.gen(function* () {
      const options: StreamRecovery.Options = {
        mode: "continue",
        maxRecoveries: 9,
        isContinuationSupported: () => true
      }
      const { attempt, calls } = script(broken(lost, start(), text("a")), broken(lost, start(1)))
      const { error, seen } = yield* watch(withStreamRecovery(options)(attempt)(call))
      assert.strictEqual(error?._tag, "StreamInterruptedError")
      assert.deepStrictEqual(seen, [start(), text("a"), seam("StreamInterruptedError")])
      assert.strictEqual(calls.length, 2)
    })
  )

  const sees = (
    how: "Reset" | "Resume",
    options: Partial<StreamRecovery.Options>,
    request: object,
    ...events: ReadonlyArray<ReturnType<typeof text>>
  ) =>
    Effect.gen(function* () {
      const asked = { ...call, request: { ...call.request, ...request } }
      const { attempt, calls } = script(broken(lost, start(), ...events), whole(...rest))
      const { seen } = yield* watch(withStreamRecovery({ mode: "continue", ...options })(attempt)(asked))
      assert.strictEqual(seen.find((event) => event._tag === "Reset" || event._tag === "Resume")?._tag, how)
      if (how === "Reset") assert.deepStrictEqual(calls, [asked, asked])
    })
  const allowed = { isContinuationSupported: () => true }

  it.effect("regenerates unless the call supports a continuation", () =>
    Effect.gen(function* () {
      const checked: Array<unknown> = []
      yield* sees("Reset", {}, {}, text("a"))
      yield* sees("Reset", { isContinuationSupported: (call) => checked.push(call) > 1 }, {}, text("a"))
      assert.deepStrictEqual(checked, [call])
    })
  )

  it.effect("regenerates if Partial Mode cannot continue the response", () =>
    Effect.gen(function* () {
      yield* sees("Resume", allowed, {}, text("a"))
      yield* sees("Resume", allowed, { n: 1, response_format: { type: "text" } }, text("a"))
      yield* sees("Reset", allowed, { n: 2 }, text("a"))
      yield* sees("Reset", allowed, { response_format: { type: "json_object" } }, text("{"))
      yield* sees("Reset", allowed, {}, thought("Hm"))
      yield* sees("Reset", allowed, {}, text("a"), piece("{"))
      yield* sees("Reset", allowed, {}, text("a"), text("b", 1))
      yield* sees("Reset", allowed, { max_completion_tokens: 1 }, text("a"))
    })
  )

  it.effect("regenerates a response that another host began", () =>
    Effect.gen(function* () {
      const elsewhere = { ...start(), provider: "openrouter" }
      const { attempt } = script(broken(lost, elsewhere, text("a")), whole(...rest))
      const { seen } = yield* watch(proceed(attempt)(call))
      assert.deepStrictEqual(seen[2], reset("StreamInterruptedError"))
      const unnamed = script(broken(lost, { _tag: "Start", id: "", model: "", created: 0 }, text("a")), whole(...rest))
      assert.strictEqual((yield* watch(proceed(unnamed.attempt)(call))).seen[2]?._tag, "Resume")
    })
  )
})
