/** The requests for files that are at the host. */
import { FileDeleted, FileList, FileObject } from "@kimi-effect/core/File"
import type { FileError, FileListError, HostRequestError } from "@kimi-effect/core/OperationErrors"
import { withTimeout } from "@kimi-effect/core/Timeout"
import { IdleTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import { UnsupportedOperationError } from "@kimi-effect/core/ValidationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as HostApi from "../../HostApi.ts"
import { pathSegment } from "../../internal/pathSegment.ts"
import type { Bounds } from "./Bounds.ts"
import * as FileErrors from "./fileErrors.ts"

type Api = HostApi.HostApi["Service"]

const fileResponse = HostApi.json(FileObject)
const listResponse = HostApi.json(FileList)
const deletedResponse = HostApi.json(FileDeleted)

/** A request about one file, by its path. An empty id would be the path of all files. */
const ofFile = <A>(
  id: string,
  send: (path: string) => Effect.Effect<A, HostRequestError>
): Effect.Effect<A, FileError> =>
  Effect.flatMap(pathSegment(id, "file", "id"), (segment) =>
    FileErrors.ofFile(id)(Effect.suspend(() => send(`/files/${segment}`)))
  )

/** Refuses everything at a host without this API. */
export const offered = <A, E, R>(
  { provider }: Api,
  call: Effect.Effect<A, E, R>
): Effect.Effect<A, E | UnsupportedOperationError, R> =>
  provider.hasAccountApi
    ? call
    : Effect.fail(
        new UnsupportedOperationError({
          message: `${provider.id} does not offer files`,
          provider: provider.id,
          operation: "files"
        })
      )

/** The requests of one account. */
export interface FileRequests {
  readonly list: Effect.Effect<ReadonlyArray<FileObject>, FileListError>
  readonly get: (id: string) => Effect.Effect<FileObject, FileError>
  readonly remove: (id: string) => Effect.Effect<void, FileError>
  readonly text: (id: string) => Effect.Effect<string, FileError>
  readonly content: (id: string, maxBytes: number) => Stream.Stream<Uint8Array, FileError>
}

const idleTimeoutError = (provider: string, timeout: Duration.Duration): IdleTimeoutError =>
  new IdleTimeoutError({
    message: `The host sent no part of the file for ${Duration.format(timeout)}`,
    provider,
    timeout
  })

/** Bounds each wait for the host. The time in which the consumer does not pull does not count. */
const withIdleTimeout = <E>(
  content: Stream.Stream<Uint8Array, E>,
  timeout: Duration.Duration,
  provider: string
): Stream.Stream<Uint8Array, E | IdleTimeoutError> =>
  Stream.transformPull(content, (pull) =>
    Effect.succeed(
      Effect.timeoutOrElse(pull, {
        duration: timeout,
        orElse: () => Effect.fail(idleTimeoutError(provider, timeout))
      })
    )
  )

/** Makes the requests, each of which is bounded in time. */
export const make = (api: Api, { idleTimeout, responseTimeout }: Bounds): FileRequests => {
  const provider = api.provider.id
  const bounded = withTimeout({ totalTimeout: responseTimeout }, { provider })
  const request = <A>(sent: HostApi.RequestOptions<A>) => offered(api, bounded(api.request(sent)))

  return {
    list: request({ operation: "files.list", method: "GET", path: "/files", response: listResponse }).pipe(
      FileErrors.ofList,
      Effect.map(({ data }) => data)
    ),
    get: (id) => ofFile(id, (path) => request({ operation: "files.get", method: "GET", path, response: fileResponse })),
    remove: (id) =>
      Effect.asVoid(
        ofFile(id, (path) => request({ operation: "files.delete", method: "DELETE", path, response: deletedResponse }))
      ),
    text: (id) =>
      ofFile(id, (path) =>
        request({ operation: "files.text", method: "GET", path: `${path}/content`, response: HostApi.text })
      ),
    content: (id, maxResponseBytes) =>
      ofFile(id, (path) =>
        request({
          operation: "files.content",
          method: "GET",
          path: `${path}/content`,
          response: HostApi.stream,
          maxResponseBytes
        })
      ).pipe(
        Effect.map((bytes) =>
          withIdleTimeout(
            Stream.catch(bytes, (error) => Stream.fromEffect(FileErrors.ofContent(id, error))),
            idleTimeout,
            provider
          )
        ),
        Stream.unwrap
      )
  }
}
