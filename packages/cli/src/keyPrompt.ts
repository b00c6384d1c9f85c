/** Asks for the API key in a terminal where none is configured. What is typed is not shown. */
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { CommandError } from "./commandError.ts"
import { reasonOf } from "./fileReason.ts"
import * as Output from "./output.ts"
import * as LinePrompt from "./prompt/linePrompt.ts"
import { shellPath } from "./shellWord.ts"

const { expected: form, fromInput } = KimiConfig.options.apiKey

/** Asks until the answer can be a key. */
const askKey = Effect.fnUntraced(function* (secret: LinePrompt.LinePrompt["secret"]) {
  while (true) {
    const text = (yield* secret("API key (not shown): ")).trim()
    const key = Redacted.make(text, { label: "apiKey" })
    if (Result.isSuccess(fromInput(key))) return key
    yield* Output.note(`Paste ${form}, such as sk-…`)
  }
})

const place = "File to keep it in, for --api-key-file (empty: for this command alone): "

const unwritable = (target: string, reason: string): CommandError =>
  new CommandError(
    `${target} cannot be written: ${reason}`,
    "Run the command again, and name a new file in a folder that can be written to."
  )

/** Writes the key for its owner only. An existing file is not replaced. */
const keep = Effect.fnUntraced(function* (file: string, key: Redacted.Redacted) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const home = yield* Effect.orElseSucceed(Config.String("HOME"), () => "~")
  const target = path.resolve(file.replace(/^~(?=\/|$)/, home))
  const { createFolder } = yield* loadModule(() => import("@kimi-effect/client/internal/createFolder"))
  yield* Effect.tryPromise({
    try: () => createFolder(path.dirname(target)),
    catch: (cause) => unwritable(target, reasonOf({ _tag: "Unknown", cause }))
  })
  yield* Effect.mapError(
    fs.writeFileString(target, `${Redacted.value(key)}\n`, { flag: "wx", mode: 0o600 }),
    ({ reason }) => unwritable(target, reason._tag === "AlreadyExists" ? "it exists already" : reasonOf(reason))
  )
  yield* Output.note(
    `Kept in ${shellPath(target)}, which you alone can read: pass --api-key-file ${shellPath(target)} from now on.`
  )
})

/** Asks for the key, and where to keep it. Ctrl-C ends the command. */
export const ask = Effect.gen(function* () {
  yield* Output.note("No API key is configured: kimi --help names the places. Keys: https://platform.moonshot.ai")
  const [key, file] = yield* LinePrompt.use(({ question, secret }) =>
    Effect.all([askKey(secret), Effect.map(question(place), (text) => text.trim())])
  )
  if (file !== "") yield* keep(file, key)
  return key
})
