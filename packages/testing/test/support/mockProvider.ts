/** Providers at each level, with and without a client. */
import { KimiClient } from "@kimi-effect/client"
import { ChatTransport } from "@kimi-effect/client/ChatTransport"
import { KimiConfig } from "@kimi-effect/core"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"
import * as MockProvider from "../../src/MockProvider.ts"

export const request = { model: "kimi-k3", messages: [{ role: "user" as const, content: "Hi" }] }

/** Runs with the transport of a provider and its service. */
export const withTransport = <A, E>(
  options: MockProvider.Options,
  use: (transport: ChatTransport["Service"], mock: MockProvider.MockProvider["Service"]) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    return yield* use(yield* ChatTransport, yield* MockProvider.MockProvider)
  }).pipe(
    Effect.provide(
      MockProvider.layerTransport(options).pipe(Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test") })))
    )
  )

export const config = { apiKey: Redacted.make("sk-test"), maxAttempts: 1 }

/** A client on a provider, by the level that it replaces. */
export const levels = {
  layerClient: (options: MockProvider.Options) => MockProvider.layerClient(options),
  layerTransport: (options: MockProvider.Options, overrides: KimiConfig.Options = {}) =>
    KimiClient.layerTransport.pipe(
      Layer.provideMerge(MockProvider.layerTransport(options)),
      Layer.provide(KimiConfig.layer({ ...config, ...overrides }))
    ),
  layerHttp: (options: MockProvider.Options, overrides: KimiConfig.Options = {}) =>
    KimiClient.layer({ ...config, ...overrides }).pipe(Layer.provideMerge(MockProvider.layerHttp(options)))
}

export const clientAndMock = Effect.all([KimiClient.KimiClient, MockProvider.MockProvider])

/** The message of a defect. */
export const defectOf = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? String(Cause.squash(exit.cause)) : "no defect"
