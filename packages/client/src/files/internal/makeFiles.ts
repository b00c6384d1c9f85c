/** Makes the service of files. It is loaded by the first one. */
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import type { FileError } from "@kimi-effect/core/OperationErrors"
import * as Effect from "effect/Effect"
import * as HostApi from "../../HostApi.ts"
import type { Options } from "../Files.ts"
import { awaitReady } from "./awaitReady.ts"
import type { Bounds } from "./Bounds.ts"
import { Files } from "./FilesService.ts"
import * as FileRequests from "./fileRequests.ts"
import * as SendUpload from "./sendUpload.ts"

/** Source: files API. */
const moonshotLimit = 100 * 1024 * 1024

/** Outputs of batches can be several times larger than their inputs. */
const maxContentBytes = 1024 * 1024 * 1024

const deleteConcurrency = 4

const boundsOf = (options: Options): Bounds => ({
  maxBytes: options.maxFileBytes ?? moonshotLimit,
  idleTimeout: OptionRules.durationOf(options.idleTimeout ?? "1 minute"),
  responseTimeout: OptionRules.durationOf(options.responseTimeout ?? "5 minutes"),
  uploadTimeout: OptionRules.durationOf(options.uploadTimeout ?? "30 minutes")
})

export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Files["Service"], ConfigurationError, HostApi.HostApi> {
  yield* OptionRules.check("Files", [
    OptionRules.bytes("maxFileBytes", options.maxFileBytes),
    OptionRules.millisecondDuration("idleTimeout", options.idleTimeout),
    OptionRules.millisecondDuration("responseTimeout", options.responseTimeout),
    OptionRules.millisecondDuration("uploadTimeout", options.uploadTimeout)
  ])
  const api = yield* HostApi.HostApi
  const bounds = boundsOf(options)
  const requests = FileRequests.make(api, bounds)
  const remove = (id: string, ignoreMissing: boolean): Effect.Effect<void, FileError> =>
    ignoreMissing ? Effect.catchTag(requests.remove(id), "FileNotFoundError", () => Effect.void) : requests.remove(id)

  return Files.of({
    upload: (file) => SendUpload.send(api, bounds, file),
    list: (purpose) =>
      Effect.map(requests.list, (files) =>
        purpose === undefined ? files : files.filter((file) => file.purpose === purpose)
      ),
    get: requests.get,
    awaitReady: (id, ready) => awaitReady(requests.get(id), id, api.provider.id, ready),
    text: requests.text,
    content: (id, { maxBytes = maxContentBytes } = {}) => requests.content(id, maxBytes),
    delete: (id, { ignoreMissing = false } = {}) => remove(id, ignoreMissing),
    deleteAll: (isSelected) =>
      Effect.flatMap(requests.list, (files) => {
        const selected = files.filter(isSelected)
        return Effect.as(
          Effect.forEach(selected, ({ id }) => remove(id, true), { concurrency: deleteConcurrency, discard: true }),
          selected
        )
      })
  })
})
