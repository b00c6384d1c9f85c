/**
 * An API of a host in memory that keeps every law of the contract, or every law but one:
 * `broken` names the one.
 */
import { HostApi, type HostRequest, type ResponseBody } from "@kimi-effect/client/HostApi"
import { providers } from "@kimi-effect/client/Provider"
import { AuthenticationError } from "@kimi-effect/core/AuthenticationErrors"
import type { HostRequestError } from "@kimi-effect/core/OperationErrors"
import { InvalidResponseError, ServerError } from "@kimi-effect/core/ProviderErrors"
import { ResponseTooLargeError } from "@kimi-effect/core/ResourceErrors"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { Effect, Layer, Stream } from "effect"
import type { Host, Received, Response } from "../../../src/contract/HostApiContract.ts"

const provider = providers.moonshot

export const make = (response: Response, broken?: string): Effect.Effect<Host> =>
  Effect.sync(() => {
    const breaks = (law: string) => law === broken
    const requests: Array<Received> = []
    let aborted = 0

    const receive = ({ body, method, query = {} }: HostRequest): void => {
      const given = Object.entries(query).filter(
        (entry): entry is [string, string] => breaks("sends the query of a request") || entry[1] !== undefined
      )
      const isBodyLost = breaks("sends a JSON body")
      const isBinaryLost = breaks("sends the bytes of a body")
      const text =
        body?._tag === "Json"
          ? JSON.stringify(isBodyLost ? {} : body.value)
          : body?._tag === "Binary" && !isBinaryLost
            ? new TextDecoder().decode(body.bytes)
            : ""
      requests.push({
        method: breaks("sends the method of a request") && given.length === 0 ? "GET" : method,
        query: new URLSearchParams(given).toString(),
        body: text
      })
    }

    const errorOf = (status: number, { messages }: HostRequest): HostRequestError => {
      const of = breaks("names its host in errors") ? "other" : provider.id
      if (status === 401) {
        return breaks("fails a response with the status 401 with its error")
          ? new ServerError({ message: "401", provider: of })
          : new AuthenticationError({ message: "401", provider: of })
      }
      if (status === 500) {
        return breaks("fails a response with the status 500 with its error")
          ? new AuthenticationError({ message: "500", provider: of })
          : new ServerError({ message: "500", provider: of })
      }
      const message = breaks("redacts the messages of a request from errors") ? JSON.stringify(messages) : "400"
      return new InvalidRequestError({ message, provider: of })
    }

    const bodyOf = (status: number, body: string): ResponseBody => {
      const text = breaks("returns a response as text") ? body.replace("Zoë", "Zoe") : body
      const bytes = new TextEncoder().encode(breaks("returns a response as bytes") ? "" : body)
      const digits = breaks("decodes a JSON response") ? "0" : "$&"
      const isLax = breaks("fails a response that does not match its schema")
      return {
        status: breaks("returns a response with an accepted status") ? 200 : status,
        contentType: "application/json",
        text: Effect.succeed(text.replace(/\d+/, digits).replace('"three"', isLax ? "3" : "$&")),
        bytes: Effect.succeed(bytes),
        stream: breaks("returns a response as a stream") ? Stream.empty : Stream.make(new TextEncoder().encode(body)),
        unexpected: () => new InvalidResponseError({ message: "invalid", provider: provider.id })
      }
    }

    const respond = (options: HostRequest): Effect.Effect<ResponseBody, HostRequestError> => {
      const { acceptedStatuses = [200], maxResponseBytes = Infinity } = options
      if (response._tag === "Stalls") {
        const isForgotten = breaks("ends a request that is interrupted")
        return Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (aborted += isForgotten ? 0 : 1)))
      }
      const { body, status } = response
      if (!acceptedStatuses.includes(status)) return Effect.fail(errorOf(status, options))
      const isUnbounded = breaks("fails a response that exceeds its largest size")
      return body.length > maxResponseBytes && !isUnbounded
        ? Effect.fail(new ResponseTooLargeError({ message: "large", provider: provider.id, limit: maxResponseBytes }))
        : Effect.succeed(bodyOf(status, body))
    }

    const request: HostApi["Service"]["request"] = (options) => {
      const isEarly = breaks("makes no request before it runs")
      if (isEarly) receive(options)
      return Effect.flatMap(
        Effect.suspend(() => {
          if (!isEarly) receive(options)
          const isFailure = response._tag === "Responds" && response.status === 500
          if (breaks("makes one attempt") && isFailure) receive(options)
          return respond(options)
        }),
        options.response.read
      )
    }

    return {
      api: Layer.succeed(HostApi, { provider, request }),
      requests: Effect.sync(() => [...requests]),
      aborted: Effect.sync(() => aborted)
    }
  })

/** An API that offers nothing but for one law. */
export const makeOff =
  (broken?: string) =>
  (api: HostApi["Service"]): HostApi["Service"] => ({
    ...api,
    request: (options) =>
      Effect.mapError(api.request(options), (error) => {
        if (broken === "fails every request as an operation that it does not offer") {
          return Object.assign(new InvalidRequestError({ message: "not offered" }), { operation: options.operation })
        }
        return broken === "names the operation that it does not offer" ? Object.assign(error, { operation: "" }) : error
      })
  })
