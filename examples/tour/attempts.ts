/** Shows the failed attempts of calls: the error of each, and the wait after it. */
import { Pipeline, Stage } from "@kimi-effect/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { show } from "./host.ts"

interface Failed {
  readonly at: number
  readonly number: number
}

/** Inside the retries, so that it sees each attempt, and the time between two of them. */
const attempts = Stage.make("attempts", {
  effect: (inner) => {
    const latest = Ref.makeUnsafe<Failed>({ at: 0, number: 0 })
    return (call) =>
      Effect.gen(function* () {
        const { at, number } = yield* Ref.get(latest)
        if (number > 0) yield* show(`   the next attempt follows after ${(yield* Clock.currentTimeMillis) - at} ms`)
        return yield* inner(call).pipe(
          Effect.tapError((error) =>
            Effect.gen(function* () {
              const next = error.isRetryable ? "can be retried" : "is not retried"
              yield* show(`attempt ${number + 1} at ${error.provider ?? "the host"}: ${error._tag}, which ${next}`)
              yield* Ref.set(latest, { at: yield* Clock.currentTimeMillis, number: number + 1 })
            })
          )
        )
      })
  },
  stream: (inner) => inner
})

export const layerShown = Pipeline.layer(Pipeline.insertBefore("breaker", attempts))
