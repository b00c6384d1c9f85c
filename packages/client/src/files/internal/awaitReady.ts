/** Waits until the host has processed a file. */
import { FileProcessingError } from "@kimi-effect/core/FileErrors"
import type { FileObject } from "@kimi-effect/core/File"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { FileError, FileReadyError } from "@kimi-effect/core/OperationErrors"
import { TotalTimeoutError } from "@kimi-effect/core/TimeoutErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
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

const timeoutError = (provider: string, timeout: Duration.Duration): TotalTimeoutError =>
  new TotalTimeoutError({
    message: `The host had not processed the file after ${Duration.format(timeout)}`,
    provider,
    timeout
  })

/** Asks with `get` until the file is ready. A status that is not known is one of a file that is not. */
export const awaitReady = (
  get: Effect.Effect<FileObject, FileError>,
  provider: string,
  { interval = "2 seconds", timeout = "5 minutes" }: ReadyOptions = {}
): Effect.Effect<FileObject, FileReadyError> => {
  const pause = Duration.max(OptionRules.durationOf(interval), minInterval)
  const longest = OptionRules.durationOf(timeout)
  const poll: Effect.Effect<FileObject, FileReadyError> = Effect.flatMap(get, (file) => {
    if (isFailed(file)) return Effect.fail(processingError(provider, file))
    return isReady(file)
      ? Effect.succeed(file)
      : Effect.delay(
          Effect.suspend(() => poll),
          pause
        )
  })
  return Effect.timeoutOrElse(poll, {
    duration: longest,
    orElse: () => Effect.fail(timeoutError(provider, longest))
  })
}
