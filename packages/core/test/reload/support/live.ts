/**
 * Shared by the tests of a live configuration.
 */
import { Effect, Stream } from "effect"
import type * as LiveConfig from "../../../src/reload/LiveConfig.ts"
import type { ReloadEvent } from "../../../src/reload/ReloadEvent.ts"

export type Live = LiveConfig.LiveConfig["Service"]

/** The events from now on. */
export const listen = Effect.fnUntraced(function* ({ events }: Live) {
  const received: Array<ReloadEvent> = []
  yield* Effect.forkScoped(
    Stream.runForEach(events, (event) => Effect.sync(() => received.push(event))),
    { startImmediately: true }
  )
  return received
})

export const modelOf = ({ current }: Live) => Effect.map(current, ({ config }) => config.model)
