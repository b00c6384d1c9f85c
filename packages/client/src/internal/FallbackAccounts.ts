/** The accounts of a fallback plan: steps with the same host and key, or the same transport, are one account. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import { ChatTransport } from "../ChatTransport.ts"
import type { FallbackPlan, HostStep, Step, TransportStep } from "../FallbackPlan.ts"
import * as HostApi from "../HostApi.ts"
import * as Provider from "../Provider.ts"
import { hostOptions, transportOptions } from "./fallbackStepOptions.ts"
import * as HttpHostApi from "./HttpHostApi.ts"
import * as HttpTransport from "./HttpTransport.ts"
import { providedHostApi } from "./providedHostApi.ts"

/** A host and the key that is used there. */
interface Origin {
  readonly provider: string
  readonly baseUrl: string
  readonly key: string | undefined
}

interface Account {
  readonly id: string
  readonly provider: Provider.Provider
  readonly transport: ChatTransport["Service"]
  readonly hostApi: HostApi.HostApi["Service"]
  readonly config: KimiConfig.Values
  /** Absent for a transport that was given: its key is not known. */
  readonly origin?: Origin
}

const originOf = (config: KimiConfig.Values): Origin => ({
  provider: config.provider,
  baseUrl: Provider.fromConfig(config).baseUrl,
  key: config.apiKey === undefined ? undefined : Redacted.value(config.apiKey)
})

const isSameOrigin = (a: Origin, b: Origin): boolean =>
  a.provider === b.provider && a.baseUrl === b.baseUrl && a.key === b.key

/** Collects the accounts while the steps are resolved in order. */
class FallbackAccounts {
  readonly #config: KimiConfig.Values
  readonly #accounts: Array<Account>

  constructor(primary: Account) {
    this.#config = primary.config
    this.#accounts = [primary]
  }

  /** The account of a step: a known one, or a new one. */
  resolve(step: Step): Effect.Effect<Account, ConfigurationError, HttpClient.HttpClient> {
    return step.transport === undefined ? this.#resolveHost(step) : this.#resolveTransport(step)
  }

  /** The transports, host APIs and options by account. */
  byId(): Omit<FallbackPlan["Service"], "steps" | "stage"> {
    return {
      transports: new Map(this.#accounts.map(({ id, transport }) => [id, transport])),
      hostApis: new Map(this.#accounts.map(({ id, hostApi }) => [id, hostApi])),
      configs: new Map(this.#accounts.map(({ id, config }) => [id, config]))
    }
  }

  #resolveTransport(step: TransportStep): Effect.Effect<Account, ConfigurationError> {
    const { hostApi, transport } = step
    return Effect.map(
      KimiConfig.make(transportOptions(step, this.#config)),
      (config) =>
        this.#accounts.find((account) => account.transport === transport) ??
        this.#add(step, { transport, hostApi: hostApi ?? HostApi.unsupported(transport.provider), config })
    )
  }

  #resolveHost(step: HostStep): Effect.Effect<Account, ConfigurationError, HttpClient.HttpClient> {
    return Effect.flatMap(KimiConfig.make(hostOptions(step, this.#config)), (config) => {
      const origin = originOf(config)
      const known = this.#accounts.find(
        (account) => account.origin !== undefined && isSameOrigin(account.origin, origin)
      )
      if (known !== undefined) return Effect.succeed(known)
      return Effect.map(
        Effect.provideService(
          Effect.all({ transport: HttpTransport.make, hostApi: HttpHostApi.make }),
          KimiConfig.KimiConfig,
          config
        ),
        (services) => this.#add(step, { ...services, config, origin })
      )
    })
  }

  #add({ account: name }: Step, rest: Omit<Account, "id" | "provider">): Account {
    const { provider } = rest.transport
    const account = { id: this.#uniqueId(name ?? provider.id), provider, ...rest }
    this.#accounts.push(account)
    return account
  }

  #uniqueId(wanted: string): string {
    const isTaken = (id: string) => this.#accounts.some((account) => account.id === id)
    let id = wanted
    for (let count = 2; isTaken(id); count++) id = `${wanted}-${count}`
    return id
  }
}

/** Starts with the account of the client itself. */
export const make: Effect.Effect<FallbackAccounts, never, KimiConfig.KimiConfig | ChatTransport> = Effect.gen(
  function* () {
    const config = yield* KimiConfig.KimiConfig
    const transport = yield* ChatTransport
    const { provider } = transport
    const hostApi = yield* providedHostApi(provider)
    return new FallbackAccounts({
      id: config.account ?? provider.id,
      provider,
      transport,
      hostApi,
      config,
      origin: originOf(config)
    })
  }
)
