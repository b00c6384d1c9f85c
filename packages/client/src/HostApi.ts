/**
 * Requests to a host that call no model: the list of models, token estimates
 * and the account balance.
 *
 * The service has one operation, `request`; everything else is a function over
 * it. To support another endpoint, write a module over `request`.
 *
 * **Details**
 *
 * - Failures are mapped to typed errors like those of a chat. The API key, and
 *   the messages given with a request, are redacted from the host's text.
 * - Responses are bounded by `maxResponseBytes` and half of `maxContentBytes`.
 * - Like `ChatTransport`, it makes one attempt and has no timeout except the
 *   one for connecting. `KimiClient` adds its timeout.
 *
 * **Example** (A custom endpoint)
 *
 * ```ts
 * const deleteFile = (api: HostApi.HostApi["Service"], id: string) =>
 *   api.request({
 *     operation: "deleteFile",
 *     method: "DELETE",
 *     path: `/files/${encodeURIComponent(id)}`,
 *     acceptedStatuses: [200, 404],
 *     response: HostApi.withStatus(HostApi.text)
 *   })
 * ```
 *
 * @since 0.1.0
 */
import { type Balance, BalanceResponse } from "@kimi-effect/core/Balance"
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import type { Message } from "@kimi-effect/core/Message"
import { type Model, ModelListResponse } from "@kimi-effect/core/ModelList"
import type {
  BalanceError,
  EstimateTokensError,
  HostRequestError,
  ModelsError
} from "@kimi-effect/core/OperationErrors"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { TokenEstimateResponse } from "@kimi-effect/core/TokenEstimate"
import { UnsupportedOperationError } from "@kimi-effect/core/ValidationErrors"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Stream from "effect/Stream"
import { encodeEstimate } from "./internal/encodeRequest.ts"
import * as HttpHostApi from "./internal/HttpHostApi.ts"
import { withoutModelErrors } from "./internal/modelErrors.ts"
import { json, type ResponseFormat } from "./internal/responseFormats.ts"
import * as Provider from "./Provider.ts"

/**
 * The body of a request.
 *
 * A `Stream` is sent as it is pulled, so that only a part of it is in memory. It
 * is left when the response has ended or the call is interrupted. Runtimes whose
 * `fetch` cannot send streams collect it first.
 *
 * @category models
 * @since 0.1.0
 */
export type Body =
  | { readonly _tag: "Json"; readonly value: unknown }
  | { readonly _tag: "Multipart"; readonly form: FormData }
  | { readonly _tag: "Binary"; readonly bytes: Uint8Array; readonly contentType: string }
  | {
      readonly _tag: "Stream"
      readonly stream: Stream.Stream<Uint8Array, unknown>
      readonly contentType: string
      /** Bytes of the whole stream. Without it, the body is sent in chunks. */
      readonly contentLength?: number | undefined
    }

/**
 * A request, without the format of its response.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostRequest {
  /** Name of the operation in errors, such as `balance`. */
  readonly operation: string
  readonly method: "GET" | "POST" | "DELETE"
  /** Path below the base URL, with a slash at the start. Encode what it is built from: one with an empty segment, `..` or a query is refused. */
  readonly path: string
  /** Query parameters; those that are `undefined` are left out. */
  readonly query?: { readonly [name: string]: string | undefined } | undefined
  readonly body?: Body | undefined
  /** Statuses that are a success. Defaults to `[200]`. Any other status fails with the error that it means. */
  readonly acceptedStatuses?: ReadonlyArray<number> | undefined
  /** Maximum size of the response in bytes. Defaults to `maxResponseBytes` of the configuration, or half of its `maxContentBytes`. */
  readonly maxResponseBytes?: number | undefined
  /** Model that the request names, for errors. */
  readonly model?: string | undefined
  /** Messages that the request contains, to redact them from errors. */
  readonly messages?: ReadonlyArray<Message> | undefined
}

export {
  bytes,
  json,
  type ResponseBody,
  type ResponseFormat,
  stream,
  text,
  withStatus
} from "./internal/responseFormats.ts"

/**
 * A request and the format of its response.
 *
 * @category options
 * @since 0.1.0
 */
export interface RequestOptions<A> extends HostRequest {
  readonly response: ResponseFormat<A>
}

/**
 * Requests to one host that call no model.
 *
 * @category services
 * @since 0.1.0
 */
export class HostApi extends Context.Service<
  HostApi,
  {
    /** The host that receives the requests. */
    readonly provider: Provider.Provider
    /** Sends one request and reads its response. */
    readonly request: <A>(options: RequestOptions<A>) => Effect.Effect<A, HostRequestError>
  }
>()("@kimi-effect/client/HostApi") {}

const unsupportedOperation = (provider: Provider.Provider, operation: string): UnsupportedOperationError =>
  new UnsupportedOperationError({
    message: `${provider.id} does not offer ${operation}`,
    provider: provider.id,
    operation
  })

const modelList = json(ModelListResponse)
const tokenEstimate = json(TokenEstimateResponse)
const balanceResponse = json(BalanceResponse)

/**
 * Lists the models that the API key can use.
 *
 * @category operations
 * @since 0.1.0
 */
export const models = (api: HostApi["Service"]): Effect.Effect<ReadonlyArray<Model>, ModelsError> =>
  api.request({ operation: "models", method: "GET", path: "/models", response: modelList }).pipe(
    withoutModelErrors,
    Effect.map((list) => ("data" in list ? list.data : list))
  )

/**
 * Counts the tokens of a conversation at the host. Tools are not counted.
 *
 * @category operations
 * @since 0.1.0
 */
export const estimateTokens = (
  api: HostApi["Service"],
  model: string,
  messages: ReadonlyArray<Message>
): Effect.Effect<number, EstimateTokensError> =>
  Effect.suspend(() => {
    const { provider } = api
    if (!provider.hasAccountApi) return Effect.fail(unsupportedOperation(provider, "estimateTokens"))
    const value = encodeEstimate(messages, { provider, model })
    if (Result.isFailure(value)) return Effect.fail(value.failure)
    const estimate = api.request({
      operation: "estimateTokens",
      method: "POST",
      path: "/tokenizers/estimate-token-count",
      body: { _tag: "Json", value: value.success },
      response: tokenEstimate,
      model,
      messages
    })
    return Effect.map(estimate, ({ data }) => data.total_tokens)
  })

/**
 * Reads the account balance.
 *
 * @category operations
 * @since 0.1.0
 */
export const balance = (api: HostApi["Service"]): Effect.Effect<Balance, BalanceError> =>
  Effect.suspend(() => {
    const { provider } = api
    if (!provider.hasAccountApi) return Effect.fail(unsupportedOperation(provider, "balance"))
    return api
      .request({ operation: "balance", method: "GET", path: "/users/me/balance", response: balanceResponse })
      .pipe(
        withoutModelErrors,
        Effect.flatMap(({ code, data }): Effect.Effect<Balance, BalanceError> =>
          code === 0
            ? Effect.succeed(data)
            : Effect.fail(
                new InvalidResponseError({
                  message: `The host returned code ${code} for the balance`,
                  provider: provider.id
                })
              )
        )
      )
  })

/**
 * A host that offers none of these operations: every request fails with
 * `UnsupportedOperationError`. For a `ChatTransport` that has no HTTP API.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unsupported = (provider: Provider.Provider): HostApi["Service"] => ({
  provider,
  request: ({ operation }) => Effect.fail(unsupportedOperation(provider, operation))
})

/**
 * Offers none of these operations.
 *
 * @category layers
 * @since 0.1.0
 */
// Layers are memoized by reference, regardless of what provides them: without `fresh`, the services of two configurations would be one.
export const layerOff: Layer.Layer<HostApi, never, KimiConfig> = Layer.fresh(
  Layer.effect(
    HostApi,
    Effect.map(KimiConfig, (config) => unsupported(Provider.fromConfig(config)))
  )
)

/**
 * Sends requests to the configured host over HTTP. Does not follow redirects
 * and sends no trace headers.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttp: Layer.Layer<HostApi, never, KimiConfig | HttpClient.HttpClient> = Layer.fresh(
  Layer.effect(HostApi, HttpHostApi.make)
)
