import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { OverloadedError } from "../../src/errors/RateLimitErrors.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import { stage, withStreamRecovery } from "../../src/resilience/StreamRecovery.ts"
import {
  broken,
  call,
  finish,
  lost,
  type Play,
  reset,
  script,
  seam,
  start,
  text,
  tokens,
  used,
  watch,
  whole
} from "./support/recovery.ts"

/** The start of a response of another model. */
const foreignStart = (attempt: number): StreamEvent => {
  const event = start(attempt)
  return event._tag === "Start" ? { ...event, model: "kimi-k2.6" } : event
}

const recovered = Effect.fnUntraced(function* (maxRecoveries: number, ...plays: ReadonlyArray<Play>) {
  const { attempt, calls, log } = script(...plays)
  const options = { mode: "continue", maxRecoveries, isContinuationSupported: () => true } as const
  const { error, seen } = yield* watch(withStreamRecovery(options)(attempt)({ ...call, state: {} }))
  return { error, log, seen, lastMessages: calls.map(({ request }) => request.messages.at(-1)) }
})

const first = broken(lost, start(), text("Par"))
const foreign = whole(foreignStart(1), text("spliced"), finish)

describe("The rest of a response that another model has written", () => {
  it.effect("does not become part of a later continuation", () =>
    Effect.gen(function* () {
      const { lastMessages, seen } = yield* recovered(
        3,
        first,
        foreign,
        broken(lost, start(2), text("Who")),
        whole(start(3), text("le"), finish)
      )
      const user = call.request.messages[0]
      assert.deepStrictEqual(lastMessages, [
        user,
        { role: "assistant", content: "Par", partial: true },
        user,
        { role: "assistant", content: "Who", partial: true }
      ])
      assert.deepStrictEqual(
        seen.filter(({ _tag }) => _tag !== "Usage"),
        [start(), text("Par"), reset(lost._tag), start(2), text("Who"), seam(lost._tag, 3), text("le"), finish]
      )
    })
  )

  it.effect("counts as a recovery", () =>
    Effect.gen(function* () {
      const { error, seen } = yield* recovered(2, first, foreign, broken(lost, start(2), text("Who")))
      assert.deepStrictEqual(seen.at(-1), text("Who"))
      assert.strictEqual(error?._tag, "StreamInterruptedError")
    })
  )

  it.effect("is closed before the whole response is requested", () =>
    Effect.gen(function* () {
      const { log } = yield* recovered(2, first, foreign, whole(start(2), text("Whole"), finish))
      assert.deepStrictEqual(log, ["open 0", "close 0", "open 1", "close 1", "open 2", "close 2"])
    })
  )

  it.effect("is part of the usage of the stream", () =>
    Effect.gen(function* () {
      const measured = (attempt: Play): Play => ({ ...attempt, chunk: 9 })
      const { seen } = yield* recovered(
        2,
        first,
        measured(whole(foreignStart(1), text("spliced"), used(tokens(20, 7)), finish)),
        measured(whole(start(2), text("Whole"), used(tokens(10, 3)), finish))
      )
      const usage = seen.find((event) => event._tag === "Usage")
      const { completion_tokens, prompt_tokens } = usage?._tag === "Usage" ? usage.usage : assert.fail("no usage")
      // That of the attempt before is an estimate.
      assert.isAtLeast(completion_tokens, 10)
      assert.isAtLeast(prompt_tokens, 30)
    })
  )
})

describe("The rest of a response without a fallback plan", () => {
  it.effect("ends with the error of the host that refuses it", () =>
    Effect.gen(function* () {
      const overloaded = new OverloadedError({ message: "busy" })
      const { error, seen } = yield* recovered(2, first, broken(overloaded))
      assert.deepStrictEqual(seen, [start(), text("Par")])
      assert.strictEqual(error?._tag, "OverloadedError")
      assert.deepStrictEqual(
        error?.attempts?.map(({ tag }) => tag),
        ["StreamInterruptedError", "OverloadedError"]
      )
    })
  )
})

describe("The stage of recovery", () => {
  it("is named", () => {
    assert.strictEqual(stage({ mode: "continue" }).name, "recovery")
  })
})
