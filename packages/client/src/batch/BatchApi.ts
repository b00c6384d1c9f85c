/**
 * Batches that the host runs: chat completions at a lower price, without the
 * limits of the account, within hours or days.
 *
 * This is the API itself. A batch is created from an uploaded file of JSONL
 * lines (`Files.upload` with the purpose `batch`), polled until its status is
 * final, and its results are two more files: `output_file_id` with the answers,
 * `error_file_id` with the lines that failed. Their order is not that of the
 * input: join on `custom_id` (source: batch API).
 *
 * Each operation is one attempt, which `timeout` bounds.
 *
 * @since 0.1.0
 */
import { Batch, BatchList, type BatchStatus } from "@kimi-effect/core/Batch"
import { BatchNotFoundError } from "@kimi-effect/core/BatchErrors"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { HostApiError, HostRequestError } from "@kimi-effect/core/OperationErrors"
import { InvalidResponseError } from "@kimi-effect/core/ProviderErrors"
import { withTimeout } from "@kimi-effect/core/Timeout"
import { InvalidRequestError, UnsupportedOperationError } from "@kimi-effect/core/ValidationErrors"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as HostApi from "../HostApi.ts"
import { withoutModelErrors } from "../internal/modelErrors.ts"
import { pathSegment } from "../internal/pathSegment.ts"
import { createBody } from "./internal/createBody.ts"

/**
 * A batch to create.
 *
 * @category options
 * @since 0.1.0
 */
export interface CreateOptions {
  /** The id of an uploaded file with the purpose `batch`. */
  readonly inputFileId: string
  /** Time after which the host ends the batch: whole hours from 12 hours to 7 days. Defaults to 24 hours. */
  readonly completionWindow?: Duration.Input | undefined
  /** At most 16 pairs; keys of up to 64 and values of up to 512 characters. */
  readonly metadata?: { readonly [key: string]: string } | undefined
}

/**
 * A page of batches.
 *
 * @category models
 * @since 0.1.0
 */
export interface Page {
  readonly batches: ReadonlyArray<Batch>
  /** Whether there are batches after the last one. */
  readonly hasMore: boolean
}

/**
 * Options of the operations.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** Longest time of one request. Defaults to a minute. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * Errors of an operation on one batch.
 *
 * @category errors
 * @since 0.1.0
 */
export type BatchIdError = HostApiError | BatchNotFoundError

/**
 * The batches of one account at the host.
 *
 * @category services
 * @since 0.1.0
 */
export class BatchApi extends Context.Service<
  BatchApi,
  {
    /** Creates a batch. The host checks its lines later: an invalid file makes the batch `failed`. */
    readonly create: (options: CreateOptions) => Effect.Effect<Batch, HostApiError>
    /** The state of a batch. */
    readonly get: (id: string) => Effect.Effect<Batch, BatchIdError>
    /** One page, after a batch. The host returns 20 batches by default. */
    readonly list: (options?: {
      readonly after?: string | undefined
      readonly limit?: number | undefined
    }) => Effect.Effect<Page, HostApiError>
    /** Every batch, requested page by page. Fails with `InvalidResponseError` if the host repeats pages. */
    readonly listAll: Stream.Stream<Batch, HostApiError>
    /** Asks the host to cancel a batch, which is then `cancelling`. What was answered before is billed. */
    readonly cancel: (id: string) => Effect.Effect<Batch, BatchIdError>
  }
>()("@kimi-effect/client/batch/BatchApi") {}

const finalStatuses: ReadonlySet<string> = new Set<BatchStatus>(["completed", "failed", "expired", "cancelled"])

/**
 * Whether a batch has ended. A status that is not known has not.
 *
 * @category guards
 * @since 0.1.0
 */
export const isFinal = ({ status }: Pick<Batch, "status">): boolean => finalStatuses.has(status)

/** Ids of the host have less than 40 characters. */
const maxIdLength = 200

/** An id that is not known is the only part of these paths that can be missing. */
const ofBatch = <A>(id: string, call: Effect.Effect<A, HostRequestError>): Effect.Effect<A, BatchIdError> =>
  Effect.mapError(withoutModelErrors(call), (error) =>
    error.status === 404 && error._tag === "InvalidRequestError"
      ? new BatchNotFoundError({
          message: "The host has no batch with this id",
          batchId: id.slice(0, maxIdLength),
          status: 404,
          ...(error.provider === undefined ? {} : { provider: error.provider }),
          ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
          ...(error.traceId === undefined ? {} : { traceId: error.traceId })
        })
      : error
  )

const batchResponse = HostApi.json(Batch)
const listResponse = HostApi.json(BatchList)

/** A request about one batch, by its path. */
const withPath = <A>(
  id: string,
  send: (path: string) => Effect.Effect<A, HostRequestError>
): Effect.Effect<A, BatchIdError> =>
  Effect.flatMap(pathSegment(id, "batch", "batchId"), (segment) => ofBatch(id, send(`/batches/${segment}`)))

/** Where a list of pages is. One earlier place is enough to find that they repeat (R. P. Brent). */
interface Paging {
  readonly after: string | undefined
  readonly earlier: string | undefined
  /** Pages since the earlier place, and after how many it is replaced. */
  readonly pages: number
  readonly limit: number
}

const firstPage: Paging = { after: undefined, earlier: undefined, pages: 0, limit: 1 }

const isRepeated = ({ after, earlier }: Paging, last: string): boolean => last === after || last === earlier

const nextPage = ({ earlier, limit, pages }: Paging, last: string): Paging =>
  pages + 1 === limit
    ? { after: last, earlier: last, pages: 0, limit: limit * 2 }
    : { after: last, earlier, pages: pages + 1, limit }

/** A list that ended there would lack batches, which are then sent again. */
const repeatedPages = (provider: string): InvalidResponseError =>
  new InvalidResponseError({ message: "The host repeats pages of the list of batches", provider })

/**
 * Builds the service on a `HostApi`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<BatchApi["Service"], ConfigurationError, HostApi.HostApi> {
  yield* OptionRules.check("BatchApi", [OptionRules.millisecondDuration("timeout", options.timeout)])
  const api = yield* HostApi.HostApi
  const { provider } = api
  const bounded = withTimeout({ totalTimeout: options.timeout ?? "1 minute" }, { provider: provider.id })

  const request = <A>(sent: HostApi.RequestOptions<A>): Effect.Effect<A, HostRequestError> =>
    provider.hasAccountApi
      ? bounded(api.request(sent))
      : Effect.fail(
          new UnsupportedOperationError({
            message: `${provider.id} does not offer batches`,
            provider: provider.id,
            operation: "batches"
          })
        )

  const list: BatchApi["Service"]["list"] = ({ after, limit } = {}) =>
    limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)
      ? Effect.fail(
          new InvalidRequestError({ message: "The limit must be a whole number over zero", parameter: "limit" })
        )
      : request({
          operation: "batches.list",
          method: "GET",
          path: "/batches",
          query: { after, limit: limit === undefined ? undefined : `${limit}` },
          response: listResponse
        }).pipe(
          withoutModelErrors,
          Effect.map(({ data, has_more }) => ({ batches: data, hasMore: has_more === true }))
        )

  return BatchApi.of({
    create: (created) =>
      Effect.flatMap(createBody(created), (body) =>
        withoutModelErrors(
          request({ operation: "batches.create", method: "POST", path: "/batches", body, response: batchResponse })
        )
      ),
    get: (id) =>
      withPath(id, (path) => request({ operation: "batches.get", method: "GET", path, response: batchResponse })),
    list,
    listAll: Stream.paginate(firstPage, (page) =>
      Effect.flatMap(list({ after: page.after }), ({ batches, hasMore }) => {
        const last = batches.at(-1)?.id
        if (!hasMore || last === undefined) return Effect.succeed([batches, Option.none<Paging>()] as const)
        return isRepeated(page, last)
          ? Effect.fail(repeatedPages(provider.id))
          : Effect.succeed([batches, Option.some(nextPage(page, last))] as const)
      })
    ),
    cancel: (id) =>
      withPath(id, (path) =>
        request({ operation: "batches.cancel", method: "POST", path: `${path}/cancel`, response: batchResponse })
      )
  })
})

/**
 * The service on the `HostApi` in the context.
 *
 * @category layers
 * @since 0.1.0
 */
// Layers are memoized by reference: without `fresh`, a constant would be the service of the first host it is provided with.
export const layer = (options?: Options): Layer.Layer<BatchApi, ConfigurationError, HostApi.HostApi> =>
  OptionRules.layerOf("BatchApi", options, (options) => Layer.fresh(Layer.effect(BatchApi, make(options))))
