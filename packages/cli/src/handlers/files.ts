/** Lists, uploads and reads the files of the account. */
import * as Files from "@kimi-effect/client/node/Files"
import type { FileObject, FilePurpose } from "@kimi-effect/core/File"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { layerHostApi } from "../client.ts"
import * as InputFile from "../inputFile.ts"
import { live } from "../live.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import * as UploadNote from "../uploadNote.ts"
import type { FileList, FileText } from "../schemas/files.ts"

interface Common {
  readonly json: boolean
  readonly options: Given
}

export const withFiles = <A, E, R>(given: Given, use: (files: Files.Files["Service"]) => Effect.Effect<A, E, R>) =>
  Effect.provide(Effect.flatMap(Files.Files, use), Layer.provide(Files.layer(), layerHostApi(given)))

const rowOf = ({ bytes, created_at, filename, id, purpose, status }: FileObject): ReadonlyArray<string> => [
  id,
  Output.plain(filename),
  `${bytes}`,
  purpose,
  status ?? "",
  DateTime.formatIso(DateTime.makeUnsafe(created_at * 1000))
]

const toTable = (files: ReadonlyArray<FileObject>): string =>
  Output.table([["ID", "NAME", "BYTES", "PURPOSE", "STATUS", "CREATED"], ...files.map(rowOf)], [2])

export const list = Effect.fnUntraced(function* ({
  json,
  options,
  purpose
}: Common & { readonly purpose: Option.Option<FilePurpose> }) {
  const files = yield* withFiles(options, (files) => files.list(Option.getOrUndefined(purpose)))
  const result: FileList = { files }
  yield* json ? Output.json(result) : Output.line(toTable(files))
})

export const upload = Effect.fnUntraced(function* ({
  json,
  options,
  path,
  purpose
}: Common & { readonly path: string; readonly purpose: FilePurpose }) {
  yield* InputFile.checkFile(path)
  const content = yield* Files.open(path)
  let sent = 0
  const file = yield* Effect.scoped(
    Effect.gen(function* () {
      yield* live(() => (sent === 0 ? [] : [`${content.name}: ${sent} of ${content.size} bytes`]))
      return yield* withFiles(options, (files) =>
        files.upload({
          purpose,
          content,
          onProgress: (progress) =>
            Effect.sync(() => {
              sent = progress.sent
            })
        })
      )
    })
  ).pipe(UploadNote.atInterrupt({ name: content.name, size: content.size, sent: () => sent, isEchoed: true, options }))
  yield* json ? Output.json(file) : Output.line(file.id)
})

export const get = Effect.fnUntraced(function* ({
  id,
  json,
  options,
  text: isText
}: Common & { readonly id: string; readonly text: boolean }) {
  if (!isText) {
    const file = yield* withFiles(options, (files) => files.get(id))
    return yield* json ? Output.json(file) : Output.line(toTable([file]))
  }
  const text = yield* withFiles(options, (files) => files.text(id))
  const result: FileText = { id, text }
  yield* json ? Output.json(result) : Output.print(Output.plain(text))
})
