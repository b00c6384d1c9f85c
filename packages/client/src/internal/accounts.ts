/** The accounts that a client calls: its own, and those of its fallback plan. */
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as LastAttempt from "@kimi-effect/core/internal/LastAttempt"
import type { Attempt, StreamAttempt } from "@kimi-effect/core/Call"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ChatTransport from "../ChatTransport.ts"
import type { HostApi } from "../HostApi.ts"
import { FallbackPlan } from "./FallbackPlanService.ts"
import { providedHostApi } from "./providedHostApi.ts"

type Transport = ChatTransport.ChatTransport["Service"]

/** The accounts of a client, with their options and transports. */
export interface Accounts {
  /** The client's own account, which is called first. */
  readonly primary: string
  /** Every account, the own one included. */
  readonly ids: ReadonlyArray<string>
  readonly configOf: (account: string) => KimiConfig.Values
  readonly transportOf: (account: string) => Transport
  readonly hostApiOf: (account: string) => HostApi["Service"]
  /** Calls the host of an account. */
  readonly chat: Attempt
  /** The same for a stream. */
  readonly stream: StreamAttempt
}

/** Reads them from the services of a client. */
export const make: Effect.Effect<Accounts, never, KimiConfig.KimiConfig | ChatTransport.ChatTransport> = Effect.gen(
  function* () {
    const config = yield* KimiConfig.KimiConfig
    const transport = yield* ChatTransport.ChatTransport
    const hostApi = yield* providedHostApi(transport.provider)
    const plan = Option.getOrUndefined(yield* Effect.serviceOption(FallbackPlan))
    const primary = config.account ?? transport.provider.id
    const transportOf = (account: string) => plan?.transports.get(account) ?? transport
    return {
      primary,
      ids: [...(plan?.transports.keys() ?? [primary])],
      configOf: (account) => plan?.configs.get(account) ?? config,
      transportOf,
      hostApiOf: (account) => plan?.hostApis.get(account) ?? hostApi,
      chat: LastAttempt.recordLastAttempt(({ account, request }) => transportOf(account).chat(request)),
      stream: LastAttempt.recordLastStreamAttempt(({ account, request }) => transportOf(account).stream(request))
    }
  }
)
