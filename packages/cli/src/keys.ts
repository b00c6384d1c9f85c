/** Reads keys while a command runs. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Terminal from "effect/Terminal"

const isInterrupt = ({ key }: Terminal.UserInput): boolean => key.ctrl && (key.name === "c" || key.name === "d")

/** Passes on each key, and interrupts at Ctrl-C, which a terminal whose keys are read does not send as a signal. */
export const readKeys = (onKey: (key: Terminal.Key) => void): Effect.Effect<never, never, Terminal.Terminal> => {
  const once = Effect.scoped(
    Effect.gen(function* () {
      const keys = yield* (yield* Terminal.Terminal).readInput
      for (;;) {
        const input = yield* Queue.take(keys)
        if (isInterrupt(input)) return yield* Effect.interrupt
        onKey(input.key)
        // It ends the input, and nothing else.
        if (input.key.name === "escape") return true
      }
    })
  ).pipe(Effect.orElseSucceed(() => false))
  return Effect.flatMap(once, (isOpen) => (isOpen ? readKeys(onKey) : Effect.never))
}
