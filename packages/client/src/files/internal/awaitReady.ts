/** Waits until the host has processed a file. */
import { FileProcessingError } from "@kimi-effect/core/FileErrors"
import type { FileObject } from "@kimi-effect/core/File"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { FileError, FileReadyError } from "@kimi-effect/core/OperationErrors"
import { TotalTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { pollHost } from "../../internal/pollHost.ts"
import type { ReadyOptions } from "../Files.ts"

/** Only `ready` is documented, and a file without a status is one of a host that has none. Other words are those of similar APIs. */
const isReady = ({ status }: FileObject): boolean =>
  status === undefined || /^(?:ready|ok|processed|uploaded|success)$/.test(status)

const isFailed = ({ status }: FileObject): boolean => status !== undefined && /^(?:error|failed|deleted)$/.test(status)

const maxStateLength = 64

/** No file is ready earlier, and the account has a limit of requests. */
const minInterval = Duration.millis(100)

const processingError = (provider: string, { id, status = "" }: FileObject): FileProcessingError =>
  new FileProcessingError({
    message: "The host could not process the file",
    provider,
    fileId: id,
    state: status.slice(0, maxStateLength)
  })

const timeoutError = (
  provider: string,
  id: string,
  timeout: Duration.Duration,
  failure: FileError | undefined
): TotalTimeoutError =>
  new TotalTimeoutError({
    message: `The host had not processed the file ${id} after ${Duration.format(timeout)}${
      failure === undefined ? "" : `; it could not be asked at last: ${failure.message}`
    }`,
    provider,
    timeout,
    fileId: id,
    fix: "Raise the option timeout of awaitReady, since the host takes longer for larger files."
  })

/** Asks with `get` until the file is ready. A status that is not known is one of a file that is not. */
export const awaitReady = (
  get: Effect.Effect<FileObject, FileError>,
  id: string,
  provider: string,
  { interval = "2 seconds", timeout = "5 minutes" }: ReadyOptions = {}
): Effect.Effect<FileObject, FileReadyError> => {
  const pause = Duration.max(OptionRules.durationOf(interval), minInterval)
  const longest = OptionRules.durationOf(timeout)
  return pollHost({
    get,
    interval: pause,
    maxInterval: pause,
    growth: 1,
    timeout: longest,
    onState: (file): Effect.Effect<boolean, FileReadyError> =>
      isFailed(file) ? Effect.fail(processingError(provider, file)) : Effect.succeed(isReady(file)),
    onTimeout: (failure: FileError | undefined): FileReadyError => timeoutError(provider, id, longest, failure),
    warning: `The status of the file ${id} could not be read: the host is asked again until it can`
  })
}
