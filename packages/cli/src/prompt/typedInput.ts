/** What arrives from the terminal while its keys are not echoed. */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Terminal from "effect/Terminal"

export type InputEvent =
  /** What has arrived at once. */
  { readonly _tag: "Typed"; readonly text: string } | { readonly _tag: "Resized" }

export interface TypedInput {
  /** Until the scope closes. It ends with the input. */
  readonly events: Effect.Effect<Queue.Dequeue<InputEvent, Cause.Done>, never, Scope.Scope | Terminal.Terminal>
  /** Stops the process as Ctrl-Z does where it is a signal, until it is continued. */
  readonly suspend: Effect.Effect<void>
}

const events = Effect.gen(function* () {
  const { stdin, stdout } = process
  const queue = yield* Queue.make<InputEvent, Cause.Done>()
  const decoder = new TextDecoder()
  const onData = (bytes: Uint8Array) =>
    Queue.offerUnsafe(queue, { _tag: "Typed", text: decoder.decode(bytes, { stream: true }) })
  const onEnd = () => Queue.endUnsafe(queue)
  const onResize = () => Queue.offerUnsafe(queue, { _tag: "Resized" })
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      stdin.on("data", onData)
      stdin.once("end", onEnd)
      stdout.on("resize", onResize)
      if (stdin.readableEnded) onEnd()
    }),
    () =>
      Effect.sync(() => {
        stdin.off("data", onData)
        stdin.off("end", onEnd)
        stdout.off("resize", onResize)
      })
  )
  // Holds the raw mode. Effect leaves it a moment after its last user, such as the question for
  // the key, and would then also leave one that is set here.
  yield* (yield* Terminal.Terminal).readInput
  return queue as Queue.Dequeue<InputEvent, Cause.Done>
})

const suspend = Effect.gen(function* () {
  if (process.platform === "win32") return
  process.stdin.setRawMode(false)
  // The whole group, such as npx above the command: the shell waits for all of them.
  process.kill(0, "SIGTSTP")
  // The signal is discarded where no shell could continue the process, so that no SIGCONT may follow.
  yield* Effect.sleep("50 millis")
  process.stdin.setRawMode(true)
})

export const TypedInput: Context.Reference<TypedInput> = Context.Reference<TypedInput>("kimi/TypedInput", {
  defaultValue: () => ({ events, suspend })
})
