/** Hosts without HTTP, for tests of everything above them. */
import type { HostRequestError } from "@kimi-effect/core/OperationErrors"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { Effect, Stream } from "effect"
import type { ChatTransport } from "../../src/ChatTransport.ts"
import type { HostApi, HostRequest, RequestOptions } from "../../src/HostApi.ts"
import { type Provider, providers } from "../../src/Provider.ts"

/** A transport whose operations never end unless a test gives them. Its provider defaults to `custom`. */
export const transportOf = (operations: Partial<ChatTransport["Service"]> = {}): ChatTransport["Service"] => ({
  provider: providers.custom,
  chat: () => Effect.never,
  stream: () => Stream.never,
  ...operations
})

/** A host API whose responses are the JSON values that `respond` returns. */
export const hostApiOf = (
  provider: Provider,
  respond: (request: HostRequest) => Effect.Effect<unknown, HostRequestError>
): HostApi["Service"] => ({
  provider,
  request: <A>(options: RequestOptions<A>) =>
    Effect.flatMap(respond(options), (value) => {
      const text = JSON.stringify(value)
      const bytes = new TextEncoder().encode(text)
      return options.response.read({
        status: 200,
        contentType: "application/json",
        text: Effect.succeed(text),
        bytes: Effect.succeed(bytes),
        stream: Stream.make(bytes),
        unexpected: () => new InvalidResponseError({ message: "unexpected body", provider: provider.id })
      })
    })
})

/** The JSON of a balance. */
export const balanceJson = (available: number): unknown => ({
  code: 0,
  data: { available_balance: available, voucher_balance: 0, cash_balance: available }
})
