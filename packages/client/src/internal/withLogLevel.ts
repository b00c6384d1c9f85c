/** The minimum level of the log lines of a client's operations. */
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import type { KimiClient } from "../KimiClient.ts"
import { mapClient } from "./mapClient.ts"

/** Applies `level` to every operation. Without a level, returns the client as it is. */
export const withLogLevel = (
  client: KimiClient["Service"],
  level: LogLevel.LogLevel | undefined
): KimiClient["Service"] => {
  if (level === undefined) return client
  const provided = Effect.provideService(References.MinimumLogLevel, level)
  return mapClient({
    effect: (call) => provided(call(client)),
    stream: (call) => Stream.provideService(call(client), References.MinimumLogLevel, level),
    text: (call) => call(client)
  })
}
