import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import { transformOpening } from "../../src/pipeline/internal/StreamOpening.ts"

describe("transformOpening for a stage that opens several attempts", () => {
  const text: StreamEvent = { _tag: "TextDelta", choice: 0, text: "a" }

  it.effect("closes the unused attempts despite a defect in one of them", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      let runs = 0
      const attempt: Stream.Stream<StreamEvent, string> = Stream.suspend(() => {
        const run = runs++
        const close = Effect.sync(() => void log.push(`close ${run}`))
        return Stream.concat(Stream.make(text), Stream.never).pipe(
          Stream.onExit((exit) => {
            log.push(`${run} ${exit._tag}`)
            return run === 0 ? Effect.andThen(close, Effect.die("in a finalizer")) : close
          })
        )
      })
      const thrice = transformOpening<string, string>((open) =>
        Effect.flatMap(open, () => Effect.flatMap(open, (second) => Effect.as(open, second)))
      )
      const first = yield* Stream.runCollect(
        Stream.take(
          Stream.tap(thrice(attempt), () => Effect.sync(() => log.push("event"))),
          1
        )
      )
      assert.deepStrictEqual(first, [text])
      assert.deepStrictEqual(log, ["0 Failure", "close 0", "2 Failure", "close 2", "event", "1 Success", "close 1"])
    })
  )
})
