/** The `HostApi` of a client, which is optional in addition to its transport. */
import { UnsupportedOperationError } from "@kimi-effect/core/ValidationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { HostApi } from "../HostApi.ts"
import type { Provider } from "../Provider.ts"

const missing = (provider: Provider): HostApi["Service"] => ({
  provider,
  request: ({ operation }) =>
    Effect.fail(
      new UnsupportedOperationError({
        message: `${operation} requires a HostApi: provide HostApi.layerHttp in addition to the ChatTransport`,
        provider: provider.id,
        operation
      })
    )
})

/** The service in the context, or one whose requests fail with an error that names the missing service. */
export const providedHostApi = (provider: Provider): Effect.Effect<HostApi["Service"]> =>
  Effect.map(
    Effect.serviceOption(HostApi),
    Option.getOrElse(() => missing(provider))
  )
