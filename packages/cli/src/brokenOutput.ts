/** The failure of stdout, after which nothing can be written to it. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/** Has the first failure, as Node reports it. It is the one of the process, as stdout is. */
export const BrokenOutput: Context.Reference<Deferred.Deferred<NodeJS.ErrnoException>> = Context.Reference<
  Deferred.Deferred<NodeJS.ErrnoException>
>("kimi/BrokenOutput", { defaultValue: () => Deferred.makeUnsafe() })

/** Such as `$0.000423`. Undefined if none is known. */
export interface Unwritten {
  cost: string | undefined
}

/**
 * What is known of the cost of the calls whose output could not be written. The command that is stopped
 * sets it: an interruption has no error that could name it.
 */
export const Unwritten: Context.Reference<Unwritten> = Context.Reference<Unwritten>("kimi/Unwritten", {
  defaultValue: () => ({ cost: undefined })
})

/** Whether the command is being stopped because its output cannot be written. */
export const isBroken: Effect.Effect<boolean> = Effect.map(BrokenOutput, Deferred.isDoneUnsafe)
