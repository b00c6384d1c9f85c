/** Fetches media within bounds. It is loaded by the first fetch. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { FetchMediaError } from "@kimi-effect/core/OperationErrors"
import { TotalTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type { FetchOptions } from "../Media.ts"
import * as RemoteMedia from "./remoteMedia.ts"

export const fetch = Effect.fnUntraced(function* (
  url: string,
  options: FetchOptions = {}
): Effect.fn.Return<Uint8Array, FetchMediaError | ConfigurationError, HttpClient.HttpClient> {
  const {
    allowHttp = false,
    allowPrivateAddresses = false,
    maxBytes = 20 * 1024 * 1024,
    timeout = "30 seconds"
  } = options
  yield* OptionRules.check("Media.fetch", [
    OptionRules.bytes("maxBytes", maxBytes),
    OptionRules.millisecondDuration("timeout", timeout)
  ])
  const longest = OptionRules.durationOf(timeout)
  return yield* Effect.timeoutOrElse(RemoteMedia.fetchMedia(url, { allowHttp, allowPrivateAddresses, maxBytes }), {
    duration: longest,
    orElse: () =>
      Effect.fail(
        new TotalTimeoutError({
          message: `The URL was not fetched within ${Duration.format(longest)}`,
          timeout: longest
        })
      )
  })
})
