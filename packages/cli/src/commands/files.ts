/** `kimi files` */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import { jsonFlag, optionFlags } from "../optionFlags.ts"
import { pathArgument } from "../pathParams.ts"
import { textArgument } from "../textParams.ts"

const load = loadModule(() => import("../handlers/files.ts"))

const loadDelete = loadModule(() => import("../handlers/filesDelete.ts"))

const purposes = ["file-extract", "image", "video", "batch"] as const

const id = textArgument("id", "the id of a file, which is not empty").pipe(
  Argument.withDescription("The id of a file, which kimi files list prints.")
)

const list = Command.make(
  "list",
  { purpose: Flag.Literals("purpose", purposes).pipe(Flag.optional), json: jsonFlag, options: optionFlags },
  (input) => Effect.flatMap(load, ({ list }) => list(input))
).pipe(Command.withDescription("Lists the files of the account."))

const upload = Command.make(
  "upload",
  {
    path: pathArgument("path").pipe(Argument.withDescription("The file to upload.")),
    purpose: Flag.Literals("purpose", purposes).pipe(
      Flag.withDescription("What the host does with the file. Default: file-extract."),
      Flag.withDefault("file-extract")
    ),
    json: jsonFlag,
    options: optionFlags
  },
  (input) => Effect.flatMap(load, ({ upload }) => upload(input))
).pipe(Command.withDescription("Uploads a file, with its progress in a terminal."))

const get = Command.make(
  "get",
  {
    id,
    text: Flag.Boolean("text").pipe(
      Flag.withDescription("Writes the text that the host has extracted."),
      Flag.withDefault(false)
    ),
    json: jsonFlag,
    options: optionFlags
  },
  (input) => Effect.flatMap(load, ({ get }) => get(input))
).pipe(Command.withDescription("Describes a file, or writes its extracted text."))

const remove = Command.make(
  "delete",
  { ids: Argument.variadic(id, { min: 1 }), json: jsonFlag, options: optionFlags },
  (input) => Effect.flatMap(loadDelete, ({ remove }) => remove(input))
).pipe(
  Command.withDescription(
    "Deletes files. One that cannot be deleted, such as one that the host does not have, does not keep the others from being deleted: it is named at the end, with the exit code of its error."
  )
)

export const files = Command.make("files").pipe(
  Command.withDescription("Lists, uploads, reads and deletes the files of the account."),
  Command.withSubcommands([list, upload, get, remove])
)
