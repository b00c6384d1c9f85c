/** Sends one upload. */
import { FileObject } from "@kimi-effect/core/File"
import { listener } from "@kimi-effect/core/internal/Listener"
import type { FileUploadError } from "@kimi-effect/core/OperationErrors"
import * as Effect from "effect/Effect"
import * as HostApi from "../../HostApi.ts"
import type { Upload } from "../Files.ts"
import type { Bounds } from "./Bounds.ts"
import * as FileErrors from "./fileErrors.ts"
import { offered } from "./fileRequests.ts"
import * as Multipart from "./multipart.ts"
import * as Transfer from "./Transfer.ts"
import * as UploadCheck from "./uploadCheck.ts"

const fileResponse = HostApi.json(FileObject)

/** Checks an upload, then sends it within the bounds. */
export const send = Effect.fnUntraced(function* <E, R>(
  api: HostApi.HostApi["Service"],
  bounds: Bounds,
  file: Upload<E, R>
): Effect.fn.Return<FileObject, FileUploadError | E, R> {
  const provider = api.provider.id
  const { content, filename, mimeType } = yield* offered(api, UploadCheck.check(file, provider, bounds.maxBytes))
  const { pieces, size } = content
  const form = Multipart.make({ purpose: file.purpose }, { filename, mimeType, size })
  return yield* Transfer.run(
    { ...bounds, content: pieces, size, provider, onProgress: listener(file.onProgress) },
    (sent) =>
      FileErrors.ofUpload(
        api.request({
          operation: "files.upload",
          method: "POST",
          path: "/files",
          body: {
            _tag: "Stream",
            stream: form.withContent(sent),
            contentType: form.contentType,
            contentLength: form.contentLength
          },
          response: fileResponse
        })
      )
  )
})
