/** The level of the lines that a client's calls log. */
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import type { KimiClient } from "../KimiClient.ts"

/** The client, with its calls at the level of its configuration, where that says one. */
export const withLogLevel = (
  kimi: KimiClient["Service"],
  level: LogLevel.LogLevel | undefined
): KimiClient["Service"] => {
  if (level === undefined) return kimi
  const provided = Effect.provideService(References.MinimumLogLevel, level)
  return {
    ...kimi,
    chat: (request) => provided(kimi.chat(request)),
    stream: (request) => Stream.provideService(kimi.stream(request), References.MinimumLogLevel, level),
    models: provided(kimi.models),
    estimateTokens: (request) => provided(kimi.estimateTokens(request)),
    balance: provided(kimi.balance)
  }
}
